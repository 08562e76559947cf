import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EngineEvent } from './engine-events.ts'
import type { EngineSettings, LinkHandlers } from './engine-link.ts'
import type { ServerEvent } from './protocol.ts'
import { appendLimit, RealtimeSession, type SessionHappening } from './session.ts'

test('the first audio opens the engine with the settings of the last update', () => {
  const { session, links, sent } = start()
  update(session, { format: { type: 'audio/pcm', rate: 16_000 } })
  update(session, { turn_detection: { type: 'server_vad', silence_duration_ms: 300 }, tracing: 'auto' })
  assert.equal(links.length, 0)
  append(session, 3200)
  assert.deepEqual(links[0]?.settings, { sampleRate: 16_000, endpointMs: 300 })
  assert.deepEqual(
    sent.map(event => event.type),
    ['session.created', 'session.updated', 'session.updated'],
  )
})

test('an utterance becomes the events of the vocabulary, in order', () => {
  const { session, links, sent, reports, clock } = start()
  for (let i = 0; i < 10; i++) {
    clock.now += 100
    append(session, 4800)
  }
  links[0]?.say({ type: 'speech_started', item: 'u1', atMs: 100 })
  links[0]?.say({ type: 'speech_stopped', item: 'u1', atMs: 400 })
  clock.now += 50
  links[0]?.say({ type: 'final', item: 'u1', text: 'Yes.', startMs: 100, endMs: 400 })
  assert.deepEqual(
    sent.slice(1).map(event => event.type),
    [
      'input_audio_buffer.speech_started',
      'input_audio_buffer.speech_stopped',
      'input_audio_buffer.committed',
      'conversation.item.added',
      'conversation.item.done',
      'conversation.item.input_audio_transcription.completed',
    ],
  )
  // The audio of 400 ms came at 400 ms; it is 1050 ms now.
  assert.deepEqual(reports, [{ type: 'final', text: 'Yes.', delayMs: 650 }])
})

test('words come while they are spoken, each once, and the transcript is the last word', () => {
  const { session, links, sent, reports } = start()
  append(session, 48_000)
  const partial = (text: string): void => links[0]?.say({ type: 'partial', item: 'u1', text })
  // Of an utterance that nobody knows.
  partial('No.')
  links[0]?.say({ type: 'speech_started', item: 'u1', atMs: 100 })
  for (const text of ['and', 'and so', 'and so', 'and saw', 'and sew my']) partial(text)
  // One may come late.
  links[0]?.say({ type: 'speech_stopped', item: 'u1', atMs: 700 })
  partial('and so my fellow')
  links[0]?.say({ type: 'final', item: 'u1', text: 'And so, my fellows.', startMs: 100, endMs: 700 })
  partial('and so my fellow americans')
  const started = sent.find(event => event.type === 'input_audio_buffer.speech_started')
  const deltas = sent.filter(event => event.type === 'conversation.item.input_audio_transcription.delta')
  assert.deepEqual(
    deltas.map(({ item_id, delta }) => [item_id, delta]),
    ['and', ' so', ' my fellow'].map(delta => [started?.item_id, delta]),
  )
  const last = sent.at(-1)
  assert.ok(last?.type === 'conversation.item.input_audio_transcription.completed')
  assert.equal(last.transcript, 'And so, my fellows.')
  assert.deepEqual(
    reports.map(report => report.type === 'final' && report.text),
    ['And so, my fellows.'],
  )
})

test('a dropped utterance is completed with no words, and is not reported', () => {
  const { session, links, sent, reports } = start()
  append(session, 4800)
  links[0]?.say({ type: 'speech_started', item: 'u1', atMs: 0 })
  links[0]?.say({ type: 'speech_stopped', item: 'u1', atMs: 90 })
  links[0]?.say({ type: 'dropped', item: 'u1' })
  const last = sent.at(-1)
  assert.ok(last?.type === 'conversation.item.input_audio_transcription.completed')
  assert.equal(last.transcript, '')
  assert.deepEqual(reports, [])
})

test('an utterance of which words were told has an end, also where it is cleared or its engine is lost', () => {
  for (const cut of ['clear', 'loss'] as const) {
    const { session, links, sent } = start()
    append(session, 48_000)
    links[0]?.say({ type: 'speech_started', item: 'u1', atMs: 100 })
    links[0]?.say({ type: 'partial', item: 'u1', text: 'and so' })
    // Nobody knows this one but by its start.
    links[0]?.say({ type: 'speech_started', item: 'u2', atMs: 500 })
    if (cut === 'loss') links[0]?.handlers.onEnd({ reason: 'lost' })
    else for (const item of ['u1', 'u2']) links[0]?.say({ type: 'dropped', item })
    const [started] = sent.filter(event => event.type === 'input_audio_buffer.speech_started')
    const ends = sent.filter(
      event =>
        event.type === 'conversation.item.input_audio_transcription.completed' ||
        event.type === 'conversation.item.input_audio_transcription.failed',
    )
    assert.deepEqual(
      ends.map(event => [event.item_id, 'transcript' in event ? event.transcript : event.error.code]),
      [[started?.item_id, cut === 'clear' ? '' : 'engine_lost']],
    )
  }
})

test('after the loss of the engine the next audio opens a new one, and time goes on', () => {
  const { session, links, sent } = start()
  append(session, 48_000)
  links[0]?.say({ type: 'speech_started', item: 'u1', atMs: 100 })
  links[0]?.say({ type: 'speech_stopped', item: 'u1', atMs: 400 })
  links[0]?.handlers.onEnd({ reason: 'lost' })
  assert.deepEqual(
    sent.slice(-2).map(event => event.type),
    ['conversation.item.input_audio_transcription.failed', 'error'],
  )
  append(session, 48_000)
  assert.equal(links.length, 2)
  links[1]?.say({ type: 'speech_started', item: 'u1', atMs: 100 })
  const last = sent.at(-1)
  assert.ok(last?.type === 'input_audio_buffer.speech_started')
  assert.equal(last.audio_start_ms, 1100)
  const first = sent.find(event => event.type === 'input_audio_buffer.speech_started')
  assert.notEqual(last.item_id, first?.item_id)
})

test('bad input is answered with an error event that names its cause', () => {
  const { session, sent } = start()
  const answerTo = (event: unknown): [string, string | null, string | null] => {
    session.receive(typeof event === 'string' ? event : JSON.stringify(event))
    const last = sent.at(-1)
    assert.ok(last?.type === 'error')
    return [last.error.code, last.error.event_id, last.error.param]
  }
  assert.deepEqual(answerTo('{'), ['invalid_json', null, null])
  assert.deepEqual(answerTo('[]'), ['invalid_event', null, 'type'])
  assert.deepEqual(answerTo({ type: 'no.such', event_id: 'e1' }), ['unknown_event', 'e1', 'type'])
  assert.deepEqual(answerTo({ type: 'input_audio_buffer.append', event_id: 'e2' }), [
    'invalid_event',
    'e2',
    'audio',
  ])
  assert.deepEqual(answerTo({ type: 'input_audio_buffer.append', audio: 'AAA=AA=' })[0], 'invalid_audio')
  assert.deepEqual(answerTo({ type: 'input_audio_buffer.append', audio: 'AAAA' })[0], 'invalid_audio')
  const long = Buffer.alloc(appendLimit + 2).toString('base64')
  assert.deepEqual(answerTo({ type: 'input_audio_buffer.append', audio: long })[0], 'audio_too_long')
  assert.deepEqual(answerTo({ type: 'input_audio_buffer.commit' })[0], 'input_audio_buffer_commit_empty')
  const tooShort = { turn_detection: { type: 'server_vad', silence_duration_ms: 100 } }
  const updated = answerTo({ type: 'session.update', session: { audio: { input: tooShort } } })
  assert.equal(updated[2], 'session.audio.input.turn_detection.silence_duration_ms')
})

test('a commit needs 100 ms of audio, and one without open speech says so', () => {
  const { session, links, sent } = start()
  append(session, 4798)
  commit(session, 'c1')
  assert.equal(errorOf(sent), 'input_audio_buffer_commit_empty c1')
  append(session, 2)
  commit(session, 'c2')
  assert.deepEqual(links[0]?.controls, ['commit'])
  links[0]?.say({ type: 'committed', item: null })
  assert.equal(errorOf(sent), 'input_audio_buffer_commit_empty c2')
  append(session, 4800)
  session.receive(JSON.stringify({ type: 'input_audio_buffer.clear' }))
  assert.equal(sent.at(-1)?.type, 'input_audio_buffer.cleared')
  commit(session, 'c3')
  assert.equal(errorOf(sent), 'input_audio_buffer_commit_empty c3')
})

test('the format is fixed by the first audio; the same again is no change', () => {
  const { session, sent } = start()
  append(session, 2)
  update(session, { format: { type: 'audio/pcm', rate: 24_000 } })
  assert.equal(sent.at(-1)?.type, 'session.updated')
  update(session, { format: { type: 'audio/pcm', rate: 16_000 } })
  assert.match(errorOf(sent), /^session_settings_fixed/)
})

test('an engine that is behind pauses the client, and in the end refuses audio', () => {
  const { session, links, sent, paused } = start()
  append(session, appendLimit)
  append(session, appendLimit)
  assert.deepEqual(paused, [true])
  append(session, 2)
  assert.match(errorOf(sent), /^input_audio_buffer_full/)
  const link = links[0]
  assert.ok(link)
  link.backlog = 0
  link.handlers.onDrain()
  assert.deepEqual(paused, [true, false])
})

interface StandIn {
  readonly settings: EngineSettings
  readonly handlers: LinkHandlers
  readonly controls: string[]
  backlog: number
  say(event: EngineEvent): void
}

function start() {
  const links: StandIn[] = []
  const sent: ServerEvent[] = []
  const reports: SessionHappening[] = []
  const paused: boolean[] = []
  const clock = { now: 0 }
  const session = new RealtimeSession({
    openLink: (settings, handlers) => {
      const controls: string[] = []
      const say = (event: EngineEvent): void => handlers.onEvent(event)
      const standIn = { settings, handlers, controls, backlog: 0, say }
      links.push(standIn)
      return {
        get backlog() {
          return standIn.backlog
        },
        audio: pcm => (standIn.backlog += pcm.length),
        control: type => controls.push(type),
        end: async () => {},
      }
    },
    send: event => sent.push(event),
    report: happening => reports.push(happening),
    setPaused: value => paused.push(value),
    now: () => clock.now,
  })
  session.open()
  return { session, links, sent, reports, paused, clock }
}

function append(session: RealtimeSession, bytes: number): void {
  const audio = Buffer.alloc(bytes).toString('base64')
  session.receive(JSON.stringify({ type: 'input_audio_buffer.append', audio }))
}

function commit(session: RealtimeSession, event_id: string): void {
  session.receive(JSON.stringify({ type: 'input_audio_buffer.commit', event_id }))
}

function update(session: RealtimeSession, input: unknown): void {
  session.receive(JSON.stringify({ type: 'session.update', session: { audio: { input } } }))
}

function errorOf(sent: readonly ServerEvent[]): string {
  const last = sent.at(-1)
  assert.ok(last?.type === 'error')
  return `${last.error.code} ${last.error.event_id ?? ''}`
}
