import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { WebSocketServer } from 'ws'
import type { WebSocket as Peer } from 'ws'
import type { SessionEvent } from './realtime-session.ts'
import { openSession } from './realtime-session.ts'

/** A backend's side of the socket that the test steers. */
async function serve() {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  await once(server, 'listening')
  const received: { type: string; audio?: string }[] = []
  let wake = (): void => undefined
  let peer: Peer | undefined
  server.on('connection', socket => {
    peer = socket
    socket.on('message', (data: Buffer) => {
      received.push(JSON.parse(data.toString('utf8')) as { type: string })
      wake()
    })
    wake()
  })
  return {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}/v1/realtime`,
    received,
    say: (event: object) => peer?.send(JSON.stringify(event)),
    hangUp: () => peer?.terminate(),
    connected: () => peer !== undefined,
    /** Until something that happened makes it true. */
    until: async (condition: () => boolean) => {
      while (!condition()) {
        const { promise, resolve } = Promise.withResolvers<void>()
        wake = resolve
        await promise
      }
    },
    [Symbol.asyncDispose]: async () => {
      for (const client of server.clients) client.terminate()
      server.close()
      await once(server, 'close')
    },
  }
}

function collect() {
  const events: SessionEvent[] = []
  let wake = (): void => undefined
  return {
    events,
    onEvent: (event: SessionEvent) => {
      events.push(event)
      wake()
    },
    next: async (type: SessionEvent['type']) => {
      while (!events.some(event => event.type === type)) {
        const { promise, resolve } = Promise.withResolvers<void>()
        wake = resolve
        await promise
      }
    },
  }
}

test('sets the session up, then sends the audio that waited, in order', async () => {
  await using server = await serve()
  const { onEvent, events, next } = collect()
  const session = openSession(server.url, 24_000, onEvent)
  session.send(new Int16Array([1]))
  session.send(new Int16Array([2]))
  await server.until(server.connected)
  server.say({ type: 'session.created', session: {} })
  await server.until(() => server.received.length === 1)
  assert.deepEqual(server.received[0], {
    type: 'session.update',
    session: {
      audio: {
        input: { format: { type: 'audio/pcm', rate: 24_000 }, turn_detection: { type: 'server_vad' } },
      },
    },
  })
  server.say({ type: 'session.updated', session: {} })
  await next('ready')
  session.send(new Int16Array([3]))
  await server.until(() => server.received.length === 4)
  const audio = server.received.slice(1).map(event => Buffer.from(event.audio ?? '', 'base64').readInt16LE(0))
  assert.deepEqual(audio, [1, 2, 3])
  server.say({ type: 'of a later version' })
  server.say({ type: 'input_audio_buffer.speech_started', item_id: 'a', audio_start_ms: 0 })
  server.say({ type: 'input_audio_buffer.speech_stopped', item_id: 'a', audio_end_ms: 9 })
  await next('speech_stopped')
  session.close()
  assert.deepEqual(
    events.map(event => event.type),
    ['ready', 'speech_started', 'speech_stopped'],
  )
})

test('an error event ends the session in the backend’s words, once', async () => {
  await using server = await serve()
  const { onEvent, events, next } = collect()
  openSession(server.url, 24_000, onEvent)
  await server.until(server.connected)
  server.say({ type: 'error', error: { type: 'server_error', code: 'x', message: 'No engine is running.' } })
  server.say({ type: 'error', error: { message: 'another' } })
  await next('fail')
  server.hangUp()
  assert.deepEqual(events, [{ type: 'fail', problem: { code: 'refused', message: 'No engine is running.' } }])
})

test('a connection that breaks is told, one that is not there too', async () => {
  const { onEvent, events, next } = collect()
  let url: string
  {
    await using server = await serve()
    url = server.url
    openSession(url, 24_000, onEvent)
    await server.until(server.connected)
    server.hangUp()
    await next('fail')
  }
  const second = collect()
  openSession(url, 24_000, second.onEvent)
  await second.next('fail')
  for (const event of [...events, ...second.events]) {
    assert.deepEqual(event, { type: 'fail', problem: { code: 'backend_gone' } })
  }
})

test('finishing waits for the last words, and then says so', async () => {
  await using server = await serve()
  const { onEvent, events, next } = collect()
  const session = openSession(server.url, 24_000, onEvent)
  await server.until(server.connected)
  server.say({ type: 'session.created', session: {} })
  server.say({ type: 'session.updated', session: {} })
  await next('ready')
  server.say({ type: 'input_audio_buffer.speech_started', item_id: 'a', audio_start_ms: 40 })
  await next('speech_started')
  session.finish()
  await server.until(() => server.received.some(({ type }) => type === 'input_audio_buffer.commit'))
  server.say({ type: 'input_audio_buffer.speech_stopped', item_id: 'a', audio_end_ms: 900 })
  server.say({ type: 'input_audio_buffer.committed', item_id: 'a', previous_item_id: null })
  server.say({ type: 'conversation.item.input_audio_transcription.delta', item_id: 'a', delta: 'The la' })
  server.say({
    type: 'conversation.item.input_audio_transcription.completed',
    item_id: 'a',
    transcript: 'The last.',
  })
  await next('ended')
  assert.deepEqual(events.slice(1), [
    { type: 'speech_started', item: 'a', ms: 40 },
    { type: 'speech_stopped', item: 'a', ms: 900 },
    { type: 'delta', item: 'a', text: 'The la' },
    { type: 'completed', item: 'a', text: 'The last.' },
    { type: 'ended' },
  ])
})

test('finishing where nothing was said ends at once: the refused commit is no failure', async () => {
  await using server = await serve()
  const { onEvent, events, next } = collect()
  const session = openSession(server.url, 24_000, onEvent)
  session.finish()
  await server.until(server.connected)
  server.say({ type: 'session.created', session: {} })
  server.say({ type: 'session.updated', session: {} })
  await server.until(() => server.received.some(({ type }) => type === 'input_audio_buffer.commit'))
  server.say({ type: 'error', error: { message: 'The buffer is empty.' } })
  await next('ended')
  assert.deepEqual(
    events.map(({ type }) => type),
    ['ready', 'ended'],
  )
})
