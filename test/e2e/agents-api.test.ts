import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { ask } from '../support/api-rig.ts'
import { openSocket, openSse, type StreamClient } from '../support/api-stream.ts'
import { coreHome } from '../support/core.ts'
import { delta, end, FakeOpenAi } from '../support/fake-openai.ts'
import { Spawned } from '../support/spawned.ts'

/** Core, a backend, and a model behind an endpoint whose words the test says: the real thing but for the model. */
async function stack() {
  await using cleanup = new AsyncDisposableStack()
  const at = cleanup.use(await coreHome('/nowhere'))
  const fake = cleanup.use(await FakeOpenAi.start())
  const answers: ServerResponse[] = []
  const waiting: ((response: ServerResponse) => void)[] = []
  fake.answer = response => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    const next = waiting.shift()
    if (next === undefined) answers.push(response)
    else next(response)
  }
  const model = `{ id: far, kind: llm, url: '${fake.url}', model: m }`
  await writeFile(join(at.home, 'models.yaml'), `schema: 1\nmodels: [${model}]\ndefaults: { llm: far }\n`)
  const startCore = async () => {
    const core = processes.use(at.core())
    await core.saw(/core ready/)
    return core
  }
  const startBackend = async () => {
    const backend = processes.use(new Spawned('services/backend/main.ts', [], { ...at.env, PORT: '0' }))
    const [, url = ''] = await backend.saw(/^backend listening on (\S+)$/m)
    return { backend, url }
  }
  const processes = cleanup.use(new AsyncDisposableStack())
  const core = await startCore()
  const { backend, url } = await startBackend()
  const { status, text } = await ask(`${url}/api/rooms`, 'POST', {
    body: { id: 'kitchen', agents: ['Courante'] },
  })
  assert.ok(status < 300, text)
  const all = cleanup.move()
  return {
    core,
    backend,
    url,
    startCore,
    startBackend,
    /** The next request that the model gets. */
    answering: async (): Promise<ServerResponse> =>
      answers.shift() ?? (await new Promise(resolve => waiting.push(resolve))),
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  }
}

const kitchen = '/api/rooms/kitchen'
const say = (response: ServerResponse, content: string): void =>
  void response.write(`data: ${JSON.stringify(delta({ content }))}\n\n`)
const finish = (response: ServerResponse): void =>
  void response.end(`data: ${JSON.stringify(delta({}, 'stop'))}\n\ndata: ${end}\n\n`)

/** What a reader has of the answer that is being written. */
function growing({ events }: StreamClient): string {
  let text = ''
  for (const event of events) {
    if (event.type === 'hello') text = event.replies[0]?.text ?? ''
    if (event.type === 'reply.delta') text = text.slice(0, event.at) + event.text
  }
  return text
}

async function shows(client: StreamClient, text: string): Promise<void> {
  await client.saw(() => growing(client) === text)
}

test('an answer goes on through the kill of core, and a second reader sees what it missed', async () => {
  await using at = await stack()
  await using socket = await openSocket(at.url, `${kitchen}/stream`)
  await ask(`${at.url}${kitchen}/messages`, 'POST', { body: { text: 'hello' } })
  const first = await at.answering()
  say(first, 'Hello ')
  await shows(socket, 'Hello ')
  await using late = await openSse(at.url, `${kitchen}/stream`)
  await shows(late, 'Hello ')
  at.core.child.kill('SIGKILL')
  await at.core.ended()
  await at.startCore()
  const second = await at.answering()
  say(second, 'Hello again')
  for (const client of [socket, late]) await shows(client, 'Hello again')
  finish(second)
  for (const client of [socket, late]) {
    await client.saw(event => event.type === 'reply.ended' && event.how === 'done')
    assert.equal(client.texts().at(-1), 'Hello again')
  }
})

test('what a reader has seen of an answer is there after the stop and after the kill of the backend', async () => {
  await using at = await stack()
  await using before = await openSse(at.url, `${kitchen}/stream`)
  await ask(`${at.url}${kitchen}/messages`, 'POST', { body: { text: 'hello' } })
  const response = await at.answering()
  const gone = new Promise<void>(resolve => response.on('close', resolve))
  say(response, 'Half a sen')
  await shows(before, 'Half a sen')
  say(response, 'tence')
  await shows(before, 'Half a sentence')
  // A polite end keeps all of it.
  at.backend.child.kill('SIGTERM')
  assert.equal(await at.backend.ended(), 0, at.backend.stderr)
  const cursor = before.events.findLast(event => event.type === 'message')?.cursor
  await gone
  const { url, backend } = await at.startBackend()
  await using after = await openSse(url, `${kitchen}/stream`, {
    'last-event-id': `${cursor?.offset}.${cursor?.check}`,
  })
  await ask(`${url}${kitchen}/poke`, 'POST', { body: {} })
  const again = await at.answering()
  say(again, 'And on.')
  await shows(after, 'And on.')
  backend.child.kill('SIGKILL')
  await backend.ended()
  const third = await at.startBackend()
  const { json } = await ask(`${third.url}${kitchen}/messages?limit=10`, 'GET', {})
  const texts = (json['messages'] as { text: string }[]).map(({ text }) => text)
  assert.deepEqual(texts, ['hello', 'Half a sentence\n[interrupted]', 'And on.\n[interrupted]'])
})
