import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LiveReply, RoomEvent } from '../../services/chat/protocol.ts'
import { AgentModel } from '../support/agent-model.ts'
import { apiRig, type ApiRig } from '../support/api-rig.ts'
import { openSocket, openSse, type StreamClient } from '../support/api-stream.ts'

test('two clients see an answer grow, and one that comes in the middle sees it go on', async () => {
  await using rig = await kitchen()
  await using model = await AgentModel.open(rig.home)
  await using one = await openSocket(rig.backend.address, stream)
  await using two = await openSse(rig.backend.address, stream)
  await one.saw(event => event.type === 'hello')
  await two.saw(event => event.type === 'hello')
  await say(rig, 'Hello?')
  const asked = await model.asked()
  await asked.say('Good ')
  const delta = (text: string) => (event: RoomEvent) =>
    event.type === 'reply.delta' && event.text.includes(text)
  await one.saw(delta('Good'))
  await using late = await openSocket(rig.backend.address, `${stream}?offset=0`)
  const hello = await late.saw(event => event.type === 'hello')
  const [live] = hello.type === 'hello' ? hello.replies : []
  assert.deepEqual([live?.agent, live?.text, live?.state], ['Courante', 'Good ', 'writing'])
  await asked.say('morning')
  for (const client of [one, two, late]) await client.saw(delta('morning'))
  asked.done()
  for (const client of [one, two, late]) {
    const ended = await client.saw(event => event.type === 'reply.ended')
    assert.equal(ended.type === 'reply.ended' && ended.how, 'done')
    assert.deepEqual(client.texts(), ['Hello?', 'Good morning'])
    assert.equal(shown(client), 'Good morning')
    const whole = client.events.findIndex(event => event.type === 'message' && event.reply === live?.reply)
    assert.ok(whole !== -1 && whole < client.events.indexOf(ended))
  }
})

test('an answer is stopped, kept, and made anew', async () => {
  await using rig = await kitchen()
  await using model = await AgentModel.open(rig.home)
  await using client = await openSocket(rig.backend.address, stream)
  await client.saw(event => event.type === 'hello')
  await say(rig, 'Tell me all')
  const first = await model.asked()
  await first.say('First of all')
  const started = await client.saw(event => event.type === 'reply.started')
  await client.saw(event => event.type === 'reply.delta')
  const reply = started.type === 'reply.started' ? started.reply : ''
  await rig.must('DELETE', `/api/rooms/kitchen/replies/${reply}`)
  const ended = await client.saw(event => event.type === 'reply.ended')
  assert.equal(ended.type === 'reply.ended' && ended.how, 'stopped')
  assert.equal((await rig.call('DELETE', `/api/rooms/kitchen/replies/${reply}`)).status, 404)
  const { messages } = await rig.must('GET', '/api/rooms/kitchen/messages')
  const [, said] = messages as { text: string; hash: string }[]
  assert.equal(said?.text, 'First of all')
  client.events.length = 0
  const again = await rig.must('POST', '/api/rooms/kitchen/regenerate', { body: { hash: said?.hash } })
  assert.equal(typeof again['reply'], 'string')
  ;(await model.asked()).done('Secondly')
  await client.saw(event => event.type === 'rewind')
  await client.saw(event => event.type === 'message' && event.message.text === 'Secondly')
  const poked = await rig.must('POST', '/api/rooms/kitchen/poke', { body: { agent: 'courante' } })
  ;(await model.asked()).done('Poked')
  await client.saw(event => event.type === 'reply.ended' && event.reply === poked['reply'])
  assert.equal((await rig.call('POST', '/api/rooms/kitchen/poke', { body: { agent: 'Nobody' } })).status, 404)
})

const stream = '/api/rooms/kitchen/stream'

async function kitchen(): Promise<ApiRig> {
  const rig = await apiRig()
  const room = await rig.must('POST', '/api/rooms', { body: { id: 'kitchen' } })
  assert.deepEqual(room['agents'], ['Courante'])
  return rig
}

async function say(rig: ApiRig, text: string): Promise<void> {
  await rig.must('POST', '/api/rooms/kitchen/messages', { body: { text } })
}

/** The text of the one reply, as a client puts it together. */
function shown({ events }: StreamClient): string {
  let text = ''
  for (const event of events) {
    if (event.type === 'hello') text = event.replies.map((reply: LiveReply) => reply.text).join('')
    if (event.type === 'reply.delta') text = text.slice(0, event.at) + event.text
  }
  return text
}
