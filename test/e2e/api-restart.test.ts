import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { parseBb } from '../../services/chat/bb/parse.ts'
import type { Cursor, RoomEvent } from '../../services/chat/protocol.ts'
import { ask } from '../support/api-rig.ts'
import { openSocket, openSse, type StreamClient } from '../support/api-stream.ts'
import { Spawned } from '../support/spawned.ts'
import { tempDir } from '../support/temp.ts'

test('a stopped backend says goodbye, and its readers come back to the next one without a loss', async () => {
  await using home = await tempDir()
  await using first = await startBackend(home.path)
  await ask(`${first.url}/api/rooms`, 'POST', { body: { id: 'kitchen', agents: [] } })
  await using socket = await openSocket(first.url, stream)
  await using events = await openSse(first.url, stream)
  for (const text of ['one', 'two']) await say(first.url, text)
  for (const client of [socket, events]) await client.saw(isText('two'))
  first.process.child.kill('SIGTERM')
  assert.equal(await first.process.ended(), 0, first.process.stderr)
  assert.equal(await socket.ended, 1001)
  await events.ended
  await using second = await startBackend(home.path)
  await say(second.url, 'three')
  await using socketAgain = await openSocket(second.url, after(socket))
  await using eventsAgain = await openSse(second.url, stream, { 'last-event-id': lastId(events) })
  await say(second.url, 'four')
  for (const client of [socketAgain, eventsAgain]) {
    await client.saw(isText('four'))
    assert.deepEqual(client.texts(), ['three', 'four'])
    assert.deepEqual(
      client.events.filter(({ type }) => type === 'reset'),
      [],
    )
  }
})

test('over kills of the backend no acknowledged message is lost, and none is said twice', async () => {
  await using home = await tempDir()
  const kills = Number(process.env['COURANTE_TEST_KILLS'] ?? 4)
  const writers = 6
  let backend = await startBackend(home.path)
  await ask(`${backend.url}/api/rooms`, 'POST', { body: { id: 'kitchen', agents: [] } })
  const seen: string[] = []
  const reading = new AbortController()
  const whole = readOn(() => backend.url, reading.signal, seen)
  let stop = false
  const acknowledged: string[] = []
  const writing = Promise.all(
    Array.from({ length: writers }, async (_, writer) => {
      for (let n = 0; !stop; n++) {
        const text = `${writer} ${n}`
        // Until it is said: the same key each time.
        while (!(await tried(() => backend.url, text))) await backend.ready
        acknowledged.push(text)
      }
    }),
  )
  for (let kill = 0; kill < kills; kill++) {
    const target = acknowledged.length + 40 + kill * 7
    while (acknowledged.length < target) await new Promise(setImmediate)
    const { promise, resolve } = Promise.withResolvers<void>()
    backend.ready = promise
    await backend[Symbol.asyncDispose]()
    backend = await startBackend(home.path)
    resolve()
  }
  stop = true
  await writing
  await say(backend.url, 'the end')
  await whole
  const file = await readFile(join(home.path, 'rooms/kitchen.bb'), 'utf8')
  const said = parseBb(file).map(({ text }) => text)
  assert.deepEqual(said.toSorted(), [...acknowledged, 'the end'].toSorted())
  for (let writer = 0; writer < writers; writer++) {
    const own = said.filter(text => text.startsWith(`${writer} `))
    assert.deepEqual(
      own,
      own.map((_, n) => `${writer} ${n}`),
    )
  }
  assert.deepEqual(seen, said)
  await backend[Symbol.asyncDispose]()
})

const stream = '/api/rooms/kitchen/stream'

async function startBackend(home: string) {
  const env = { COURANTE_HOME: home, COURANTE_SOCKETS: home, PORT: '0' }
  const process = new Spawned('services/backend/main.ts', [], env)
  const [, url = ''] = await process.saw(/^backend listening on (\S+)$/m)
  return {
    process,
    url,
    /** Pending while it is being replaced. */
    ready: Promise.resolve(),
    [Symbol.asyncDispose]: () => process[Symbol.asyncDispose](),
  }
}

async function say(url: string, text: string): Promise<void> {
  const { status } = await ask(`${url}/api/rooms/kitchen/messages`, 'POST', { body: { text } })
  assert.equal(status, 200)
}

async function tried(url: () => string, text: string): Promise<boolean> {
  try {
    const body = { text, key: text }
    const { status } = await ask(`${url()}/api/rooms/kitchen/messages`, 'POST', { body })
    assert.equal(status, 200)
    return true
  } catch (error) {
    if (isGone(error)) return false
    throw error
  }
}

/** A reader that comes back by its cursor whenever the stream breaks, until it reads `the end`. */
async function readOn(url: () => string, signal: AbortSignal, seen: string[]): Promise<void> {
  let cursor: Cursor = { offset: 0, check: 'e3b0c442' }
  while (!signal.aborted && seen.at(-1) !== 'the end') {
    try {
      await using client = await openSocket(url(), `${stream}?offset=${cursor.offset}&check=${cursor.check}`)
      await Promise.race([client.ended, client.saw(isText('the end'))])
      assert.deepEqual(
        client.events.filter(({ type }) => type === 'reset' || type === 'rewind'),
        [],
      )
      seen.push(...client.texts())
      cursor = cursorOf(client) ?? cursor
    } catch (error) {
      if (!isGone(error) && !String(error).includes('ended without it')) throw error
      await new Promise(setImmediate)
    }
  }
}

function isText(text: string): (event: RoomEvent) => boolean {
  return event => event.type === 'message' && event.message.text === text
}

function cursorOf({ events }: StreamClient): Cursor | undefined {
  const last = events.findLast(event => 'cursor' in event)
  return last !== undefined && 'cursor' in last ? last.cursor : undefined
}

function after(client: StreamClient): string {
  const cursor = cursorOf(client)
  return `${stream}?offset=${cursor?.offset}&check=${cursor?.check}`
}

function lastId(client: StreamClient): string {
  const cursor = cursorOf(client)
  return `${cursor?.offset}.${cursor?.check}`
}

function isGone(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException
  return code === 'ECONNREFUSED' || code === 'ECONNRESET' || code === 'UND_ERR_SOCKET' || code === 'EPIPE'
}
