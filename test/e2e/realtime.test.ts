import assert from 'node:assert/strict'
import { once } from 'node:events'
import { appendFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { request } from 'undici'
import { WebSocket, type ClientOptions } from 'ws'
import { serverEvent, type ServerEvent } from '../../services/voice/protocol.ts'
import { Spawned } from '../support/spawned.ts'
import { tempDir } from '../support/temp.ts'
import { startStack } from '../support/voice-stack.ts'

test('speech becomes events, lines of the transcript and lines of the log', async () => {
  await using stack = await startStack({ texts: ['And so, my fellow\nAmericans,', 'ask not.'] })
  await using client = await connect(stack.url)
  await client.saw('session.created')
  client.send({ type: 'session.update', session: { type: 'transcription', tracing: 'auto' } })
  await client.saw('session.updated')
  client.speak(300)
  client.silence(600)
  client.speak(200)
  client.send({ type: 'input_audio_buffer.commit' })
  const first = await client.saw('conversation.item.input_audio_transcription.completed')
  assert.equal(first.transcript, 'And so, my fellow\nAmericans,')
  const second = await client.saw('conversation.item.input_audio_transcription.completed')
  assert.equal(second.transcript, 'ask not.')
  const started = client.seen.filter(event => event.type === 'input_audio_buffer.speech_started')
  assert.deepEqual(
    started.map(event => event.audio_start_ms),
    [0, 900],
  )
  const items = client.seen.filter(event => event.type === 'input_audio_buffer.committed')
  assert.deepEqual(
    items.map(event => event.previous_item_id),
    [null, items[0]?.item_id],
  )
  client.socket.close()
  await stack.core.saw(/session over/)
  await stack.backend.saw(/stt {2}"ask not\." \d+ ms after its end\n(.*\n)*.*closed after/)
  await using lines = await readEvents(stack.host, {})
  assert.match(
    (await lines.next())?.data ?? '',
    /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} < And so, my fellow Americans,$/,
  )
  assert.match((await lines.next())?.data ?? '', / < ask not\.$/)
})

test('what was said before the client left still becomes text, and the spool is left empty', async () => {
  await using stack = await startStack({ texts: ['stop'] })
  const client = await connect(stack.url)
  client.speak(300)
  client.socket.terminate()
  await stack.backend.saw(/stt {2}"stop"/)
  await stack.core.saw(/session over/)
  await stack.stop()
  for (const folder of ['todo', 'done', 'error', 'cancel', 'live', 'prep']) {
    assert.deepEqual(
      await readdir(join(stack.home, 'portals', 'stt', userInfo().username, folder)),
      [],
      folder,
    )
  }
})

test('bad messages get error events and the connection stays', async () => {
  await using stack = await startStack({ texts: ['Still here.'] })
  await using client = await connect(stack.url)
  client.socket.send('{')
  assert.equal((await client.saw('error')).error.code, 'invalid_json')
  client.socket.send(Buffer.from('{}'))
  assert.equal((await client.saw('error')).error.code, 'invalid_json')
  client.send({ type: 'response.create', event_id: 'e1' })
  const unknown = await client.saw('error')
  assert.deepEqual([unknown.error.code, unknown.error.event_id], ['unknown_event', 'e1'])
  client.send({
    type: 'input_audio_buffer.append',
    audio: Buffer.alloc(15 * 1024 * 1024 + 2).toString('base64'),
  })
  assert.equal((await client.saw('error')).error.code, 'audio_too_long')
  client.speak(50)
  client.send({ type: 'input_audio_buffer.commit' })
  assert.equal((await client.saw('error')).error.code, 'input_audio_buffer_commit_empty')
  client.speak(100)
  client.send({ type: 'input_audio_buffer.commit' })
  const final = await client.saw('conversation.item.input_audio_transcription.completed')
  assert.equal(final.transcript, 'Still here.')
})

test('an engine that dies is told in words, and the next audio opens a new one', async () => {
  await using stack = await startStack({ dieAtMs: 500 })
  await using client = await connect(stack.url)
  client.speak(600)
  const lost = await client.saw('error')
  assert.deepEqual([lost.error.code, lost.error.type], ['engine_lost', 'server_error'])
  await stack.core.ended()
  await using again = await stack.startCore({ texts: ['Again.'] })
  client.speak(300)
  client.send({ type: 'input_audio_buffer.commit' })
  const final = await client.saw('conversation.item.input_audio_transcription.completed')
  assert.equal(final.transcript, 'Again.')
  await again.saw(/control commit/)
})

test('an engine that can not go on is told in its own words, and the next audio opens a new one', async () => {
  const hangUp = { code: 'remote', message: 'far.example does not answer.', todo: 'Look there.' }
  await using stack = await startStack({ hangUp })
  await using client = await connect(stack.url)
  for (let i = 0; i < 2; i++) {
    client.speak(300)
    const { error } = await client.saw('error')
    assert.deepEqual([error.code, error.message], ['remote', 'far.example does not answer. Look there.'])
  }
})

test('an error answer of the portal reaches the client in its own words', async () => {
  const refuse = { code: 'model_missing', message: 'The model is not installed.', todo: 'Run npm run up.' }
  await using stack = await startStack({ refuse })
  await using client = await connect(stack.url)
  client.speak(100)
  const { error } = await client.saw('error')
  assert.deepEqual(
    [error.code, error.message],
    ['model_missing', 'The model is not installed. Run npm run up.'],
  )
})

test('a client that sends faster than the engine reads is held back, not kept in memory', async () => {
  await using stack = await startStack({ deaf: true })
  await using client = await connect(stack.url)
  const audio = Buffer.alloc(1024 * 1024).toString('base64')
  // Far over what the sockets between the two programs hold.
  for (let i = 0; i < 64; i++) client.send({ type: 'input_audio_buffer.append', audio })
  await stack.core.saw(/^session 24000 500$/m)
  await stack.backend.saw(/held back/)
  // The backend answers others meanwhile, and has left most of it with the client.
  await using other = await connect(stack.url)
  await other.saw('session.created')
  assert.ok(client.socket.bufferedAmount > 32 * 1024 * 1024, String(client.socket.bufferedAmount))
})

test('a client that does not read what it is sent is closed with 1013', async () => {
  await using stack = await startStack({})
  await using client = await connect(stack.url)
  await client.saw('session.created')
  client.socket.pause()
  const bad = JSON.stringify({ type: 'no.such', event_id: 'x'.repeat(500) })
  for (let i = 0; i < 30_000; i++) client.socket.send(bad)
  await stack.backend.saw(/#1 cut off/)
  client.socket.resume()
  const [code] = (await once(client.socket, 'close')) as [number]
  assert.equal(code, 1013)
})

test('only this machine is served: Host and Origin must be loopback', async () => {
  await using stack = await startStack({})
  const status = async (path: string, headers: Record<string, string>): Promise<number> => {
    const { statusCode, body } = await request(`http://${stack.host}${path}`, { headers })
    await body.dump()
    return statusCode
  }
  assert.equal(await status('/healthz', {}), 200)
  assert.equal(await status('/healthz', { host: 'localhost:5173' }), 200)
  assert.equal(await status('/healthz', { host: '[::1]:8770' }), 200)
  assert.equal(await status('/healthz', { host: 'evil.example' }), 403)
  assert.equal(await status('/healthz', { host: '127.0.0.1.evil.example:8770' }), 403)
  assert.equal(await status('/no-such-page', {}), 404)
  const post = await request(`http://${stack.host}/healthz`, {
    method: 'POST',
    headers: { origin: 'https://evil.example' },
  })
  assert.equal(post.statusCode, 403)
  await post.body.dump()
  const opens = async (options: ClientOptions, url = stack.url): Promise<string> => {
    const socket = new WebSocket(url, ['realtime', 'openai-insecure-api-key.secret-key'], options)
    return new Promise(resolve => {
      socket.on('open', () => {
        resolve(socket.protocol)
        socket.close()
      })
      socket.on('error', error => resolve(error.message))
    })
  }
  assert.equal(await opens({}), 'realtime')
  assert.equal(await opens({ origin: `http://${stack.host}` }), 'realtime')
  assert.match(await opens({ origin: 'http://localhost:5173' }), /403/)
  assert.match(await opens({ origin: 'https://evil.example' }), /403/)
  assert.match(await opens({ origin: 'null' }), /403/)
  assert.match(await opens({ headers: { host: 'evil.example' } }), /403/)
  assert.match(await opens({}, `ws://${stack.host}/v1/other`), /404/)
  assert.doesNotMatch(stack.backend.stdout, /secret-key/)
})

test('the transcript is served as events, and goes on behind Last-Event-ID', async () => {
  await using stack = await startStack({}, 'one\ntwo\n')
  await using all = await readEvents(stack.host, {})
  assert.deepEqual(await all.next(), { id: '4', data: 'one' })
  assert.deepEqual(await all.next(), { id: '8', data: 'two' })
  await appendFile(stack.transcript, 'three\n')
  assert.deepEqual(await all.next(), { id: '14', data: 'three' })
  await using rest = await readEvents(stack.host, { 'last-event-id': '8' })
  assert.deepEqual(await rest.next(), { id: '14', data: 'three' })
  await using other = await readEvents(stack.host, { 'last-event-id': 'what?' })
  assert.deepEqual(await other.next(), { id: '4', data: 'one' })
})

test('healthz tells whether core runs', async () => {
  await using stack = await startStack({})
  const core = async (): Promise<unknown> => (await fetch(`http://${stack.host}/healthz`)).json()
  assert.deepEqual(await core(), { status: 'ok', core: 'absent' })
  await mkdir(join(stack.home, 'run'), { recursive: true })
  await writeFile(join(stack.home, 'run', 'core.json'), JSON.stringify({ pid: process.pid }))
  assert.deepEqual(await core(), { status: 'ok', core: 'running' })
  await writeFile(
    join(stack.home, 'run', 'core.json'),
    JSON.stringify({ pid: process.pid, started: 'long ago' }),
  )
  assert.deepEqual(await core(), { status: 'ok', core: 'absent' })
})

test('a busy port is named, and the exit code is 1', async () => {
  await using home = await tempDir()
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await using backend = new Spawned('services/backend/main.ts', [], {
    COURANTE_HOME: home.path,
    PORT: String(port),
  })
  assert.equal(await backend.ended(), 1)
  assert.match(backend.stderr, new RegExp(`port ${port} `))
  server.close()
})

test('SIGTERM closes the sockets with 1001 and ends at once, transcript readers included', async () => {
  await using stack = await startStack({ texts: ['Last words.'] })
  await using client = await connect(stack.url)
  await using events = await readEvents(stack.host, {})
  client.speak(300)
  await stack.core.saw(/session 24000/)
  const closed = once(client.socket, 'close')
  const since = performance.now()
  stack.backend.child.kill('SIGTERM')
  assert.equal(await stack.backend.ended(), 0)
  assert.ok(performance.now() - since < 2000)
  const [code] = (await closed) as [number]
  assert.equal(code, 1001)
  assert.equal(await events.next(), undefined)
  assert.match(await readFile(stack.transcript, 'utf8'), / < Last words\.\n$/)
})

async function connect(url: string) {
  const socket = new WebSocket(url)
  const seen: ServerEvent[] = []
  let looked = 0
  let wake = (): void => {}
  socket.on('message', data => {
    // Each event that the server sends is checked against the vocabulary.
    seen.push(serverEvent.parse(JSON.parse((data as Buffer).toString('utf8'))))
    wake()
  })
  socket.on('close', () => wake())
  socket.on('error', () => wake())
  await once(socket, 'open')
  const send = (event: unknown): void => socket.send(JSON.stringify(event))
  const append = (ms: number, sample: number): void => {
    for (let rest = ms; rest > 0; rest -= 50) {
      const pcm = Buffer.alloc(Math.min(rest, 50) * 48)
      for (let at = 0; at < pcm.length; at += 2) pcm.writeInt16LE(sample, at)
      send({ type: 'input_audio_buffer.append', audio: pcm.toString('base64') })
    }
  }
  return {
    socket,
    seen,
    send,
    speak: (ms: number) => append(ms, 1000),
    silence: (ms: number) => append(ms, 0),
    /** The next event of a type, after the one found last. */
    saw: async <T extends ServerEvent['type']>(type: T): Promise<Extract<ServerEvent, { type: T }>> => {
      for (;;) {
        for (; looked < seen.length; looked++) {
          const event = seen[looked]
          if (event?.type !== type) continue
          looked++
          return event as Extract<ServerEvent, { type: T }>
        }
        if (socket.readyState !== socket.OPEN)
          throw new Error(`closed without ${type}: ${JSON.stringify(seen)}`)
        await new Promise<void>(resolve => (wake = resolve))
      }
    },
    [Symbol.asyncDispose]: async () => {
      if (socket.readyState === socket.CLOSED) return
      socket.terminate()
      await once(socket, 'close')
    },
  }
}

async function readEvents(host: string, headers: Record<string, string>) {
  const { body } = await request(`http://${host}/api/transcript`, { headers })
  body.setEncoding('utf8')
  const chunks = body.iterator() as AsyncIterator<string>
  let text = ''
  return {
    next: async (): Promise<{ id: string; data: string } | undefined> => {
      for (;;) {
        const match = /^id: (\d+)\ndata: (.*)\n\n/m.exec(text)
        if (match !== null) {
          text = text.slice(match.index + match[0].length)
          return { id: match[1] ?? '', data: match[2] ?? '' }
        }
        const { value, done } = await chunks.next()
        if (done === true) return undefined
        text += value
      }
    },
    [Symbol.asyncDispose]: async () => {
      await chunks.return?.()
    },
  }
}
