import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Heard, openReplies } from '../support/agent-rig.ts'
import { coreHome } from '../support/core.ts'

test('a talk with the starter model in a room: three messages, each answer streamed to two readers', async context => {
  await using at = await coreHome('/nowhere')
  await using core = at.core()
  await core.saw(/core ready/)
  await using backend = await openReplies(at.home)
  await backend.rooms.create('kitchen', { owner: null, agents: ['Courante'] })
  const room = await backend.rooms.room('kitchen')
  const heard = new Heard(room)
  const other = new Heard(room)
  const first: number[] = []
  for (const [n, text] of ['Hello!', 'What is a dance?', 'And a song?'].entries()) {
    const { message } = await room.post({ author: 'al', text })
    const began = performance.now()
    void backend.replies.posted(room, message)
    const known = heard.texts.size
    await heard.until(() => heard.texts.size > known)
    first.push(Math.round(performance.now() - began))
    const { how, reply, problem } = await heard.ends(n + 1)
    assert.equal(how, 'done', JSON.stringify(problem))
    const answer = (await room.list({ limit: 1 }))[0]
    assert.equal(answer?.author, 'Courante')
    assert.ok(answer.text.startsWith(heard.texts.get(reply) ?? '-'), 'what was streamed begins what is kept')
    assert.equal(other.texts.get(reply), heard.texts.get(reply))
    const deltas = heard.events.filter(event => event.type === 'reply.delta' && event.reply === reply)
    context.diagnostic(`${deltas.length} deltas, first after ${first[n]} ms: ${JSON.stringify(answer.text)}`)
    assert.ok(deltas.length >= 1)
  }
  assert.equal(room.count, 6)
})

test('a room that is longer than the context of its model is answered all the same', async context => {
  await using at = await coreHome('/nowhere')
  await using core = at.core()
  await core.saw(/core ready/)
  await using backend = await openReplies(at.home)
  await backend.rooms.create('kitchen', { owner: null, agents: ['Courante'] })
  const room = await backend.rooms.room('kitchen')
  const heard = new Heard(room)
  for (let n = 0; n < 60; n++)
    await room.post({
      author: n % 2 === 0 ? 'al' : 'Courante',
      text: `${n} ${'The moon is not made of cheese. '.repeat(20)}`,
    })
  for (let n = 1; n <= 2; n++) {
    const began = performance.now()
    await backend.replies.poke(room)
    const { how, problem } = await heard.ends(n)
    assert.equal(how, 'done', JSON.stringify(problem))
    context.diagnostic(`answer ${n} after ${Math.round(performance.now() - began)} ms`)
  }
})
