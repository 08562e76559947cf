import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { once } from 'node:events'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { after, suite, test } from 'node:test'
import { encodeFrame, encodeJsonFrame, readFrames } from '../../lib/frames.ts'
import { encodeWav, parseWav } from '../../lib/wav.ts'
import type { SttRequest } from '../../services/core/engine.ts'
import { type EngineEvent, engineEvent } from '../../services/voice/engine-events.ts'
import type { ServerEvent } from '../../services/voice/protocol.ts'
import { coreHome } from '../support/core.ts'
import { engineContract } from '../support/engine-contract.ts'
import { EngineRig, type RigJob } from '../support/engine-rig.ts'
import {
  spoken,
  type SyntheticModel,
  writeParakeet,
  writeWhisper,
  writeZipformer,
} from '../support/speech-onnx.ts'
import { haveSpeech, speech } from '../support/speech.ts'
import { Spawned } from '../support/spawned.ts'
import { tempDir } from '../support/temp.ts'

const skip = haveSpeech() ? false : 'the speech models or the sample could not be fetched'
const program = 'services/engines/stt/sherpa.ts'
const transcribe = (file: string): SttRequest => ({ kind: 'transcribe', file })
const session: SttRequest = { kind: 'session', sampleRate: 16_000, endpointMs: 500 }

suite('sherpa-onnx', { skip }, async () => {
  const dir = await tempDir()
  after(() => dir[Symbol.asyncDispose]())
  const at = (name: string): string => join(dir.path, name)
  const made = async (
    name: string,
    write: (folder: string) => Promise<SyntheticModel>,
  ): Promise<SyntheticModel> => {
    await mkdir(at(name))
    return write(at(name))
  }
  const zipformer = await made('zipformer', writeZipformer)
  const parakeet = await made('parakeet', writeParakeet)
  const whisper = await made('whisper', writeWhisper)
  const parsed = parseWav(await readFile(speech.path))
  ok(parsed.ok)
  const samples = parsed.wav.mono(0, parsed.wav.frames)
  const wav = async (name: string, sound: Float32Array): Promise<string> => {
    await writeFile(at(name), encodeWav(sound, 16_000))
    return at(name)
  }
  const noise = await wav(
    'noise.wav',
    Float32Array.from({ length: 16_000 }, (_, i) => 0.3 * Math.sin(i * i)),
  )
  const silence = await wav('silence.wav', new Float32Array(16_000))
  const nothing = await wav('nothing.wav', new Float32Array())
  await writeFile(at('empty.wav'), '')
  await writeFile(at('text.wav'), 'this is text')

  for (const [model, words] of [
    [zipformer, /^and so my fellow americans/],
    [parakeet, /^and so my fellow americans/],
    [whisper, /^And so my And so my/],
  ] as const) {
    const family = model.id
    suite(family, () => {
      engineContract({
        program,
        model,
        against: `a ${family} without weights`,
        env: { PATH: dir.path },
        good: [
          {
            request: transcribe('jfk.wav'),
            attachments: [speech.path],
            check: body => {
              match(String(body['text']), words)
              equal(body['audioSeconds'], 11)
            },
          },
          ...(family === 'zipformer' ? [noise, silence, nothing] : [noise]).map(path => ({
            request: transcribe(path.slice(dir.path.length + 1)),
            attachments: [path],
            check: (body: Readonly<Record<string, unknown>>) => equal(body['text'], ''),
          })),
        ],
        bad: [
          { request: transcribe('empty.wav'), attachments: [at('empty.wav')], reason: 'bad_audio' },
          { request: transcribe('text.wav'), attachments: [at('text.wav')], reason: 'bad_audio' },
          { request: { kind: 'embed', input: ['x'] }, reason: 'unsupported' },
        ],
        unloadable: family === 'zipformer' ? unloadable(model) : [],
        long: { request: session },
      })
    })
  }

  test('Whisper is told its language, and refuses one that it does not know', async () => {
    const spokenIn = async (language: string): Promise<unknown> => {
      const model = { ...whisper, settings: { family: 'whisper', language } }
      await using rig = await EngineRig.start({ program, model })
      if (rig.loadFailure !== undefined) return rig.loadFailure.reason
      return (await rig.result(transcribe('jfk.wav'), [speech.path])).body['text']
    }
    match(String(await spokenIn('de')), /^Und so my/)
    match(String(await spokenIn('auto')), /^And so my/)
    equal(await spokenIn('fr'), 'bad_settings')
  })

  test('a Zipformer of the first version, as that of the catalog is one', async () => {
    const first = await made('zipformer-1', folder => writeZipformer(folder, 'zipformer'))
    await using rig = await EngineRig.start({ program, model: first })
    const { body } = await rig.result(transcribe('jfk.wav'), [speech.path])
    match(String(body['text']), /^and so my fellow americans/)
    const events = await talk(await rig.start(session), samples)
    ok(events.filter(event => event.type === 'partial').length > 9)
  })

  test('a streaming Zipformer writes while somebody speaks, and each utterance by itself', async () => {
    await using rig = await EngineRig.start({ program, model: zipformer })
    const [events, others] = await Promise.all([
      talk(await rig.start(session), samples),
      talk(await rig.start(session), samples.subarray(5 * 16_000)),
    ])
    const finals = events.filter(event => event.type === 'final')
    ok(finals.length >= 3)
    for (const { item, text } of finals) {
      const own = events.filter(event => 'item' in event && event.item === item)
      deepEqual([own[0]?.type, own.at(-1)?.type], ['speech_started', 'final'])
      const partials = own.flatMap(event => (event.type === 'partial' ? [event.text] : []))
      ok(partials.length >= 3, `${partials.length} of ${text}`)
      for (const [i, partial] of [...partials, text].entries())
        ok(partial.startsWith(partials[i - 1] ?? ''), `${partial} behind ${partials[i - 1] ?? ''}`)
      equal(
        own.findIndex(event => event.type === 'speech_stopped'),
        own.length - 2,
      )
      equal(text, wordsFromTheStart(text))
    }
    ok(others.some(event => event.type === 'partial'))
    const ids = new Set(events.flatMap(event => ('item' in event ? [event.item] : [])))
    ok(others.every(event => !('item' in event) || event.item === null || !ids.has(event.item)))
  })

  test('through core and the backend, words reach a client while they are spoken', async () => {
    await using house = await coreHome()
    const entry = `{ id: own, kind: stt, path: ${at('zipformer')}, settings: { family: zipformer } }`
    const models = `schema: 1\ndefaults: { stt: own }\nmodels:\n  - ${entry}\n`
    await writeFile(join(house.home, 'models.yaml'), models)
    await using core = house.core()
    await core.saw(/own loaded/)
    await using backend = new Spawned('services/backend/main.ts', [], { ...house.env, PORT: '0' })
    const [, host = ''] = await backend.saw(/^backend listening on http:\/\/(\S+)$/m)
    const socket = new WebSocket(`ws://${host}/v1/realtime?intent=transcription`, 'realtime')
    const send = (event: unknown): void => socket.send(JSON.stringify(event))
    const heard: ServerEvent[] = []
    const over = Promise.withResolvers<void>()
    socket.addEventListener('message', ({ data }) => {
      const event = JSON.parse(String(data)) as ServerEvent
      heard.push(event)
      // Of the commit, when all is said.
      if (event.type === 'error') over.resolve()
    })
    await once(socket, 'open')
    const format = { type: 'audio/pcm', rate: 16_000 }
    send({ type: 'session.update', session: { audio: { input: { format } } } })
    const pcm = Buffer.concat([(await readFile(speech.path)).subarray(44), Buffer.alloc(40_000)])
    for (let i = 0; i < pcm.length; i += 3200)
      send({
        type: 'input_audio_buffer.append',
        audio: pcm.subarray(i, i + 3200).toString('base64'),
      })
    send({ type: 'input_audio_buffer.commit' })
    await over.promise
    socket.close()
    const kind = 'conversation.item.input_audio_transcription'
    const finals = heard.filter(event => event.type === `${kind}.completed`)
    ok(finals.length >= 3, JSON.stringify(heard.at(-1)))
    for (const { item_id, transcript } of finals) {
      const deltas = heard.filter(event => event.type === `${kind}.delta` && event.item_id === item_id)
      ok(deltas.length >= 3)
      const told = deltas.map(event => ('delta' in event ? event.delta : '')).join('')
      ok(transcript.startsWith(told), `${told} is not the beginning of ${transcript}`)
    }
  })

  test('what is cleared is not in what comes next', async () => {
    await using rig = await EngineRig.start({ program, model: zipformer })
    const job = await rig.start(session)
    const events = await talk(job, samples.subarray(0, 1.5 * 16_000), samples.subarray(5 * 16_000))
    const dropped = events.findIndex(event => event.type === 'dropped')
    ok(dropped > 0)
    ok(events.slice(0, dropped).some(event => event.type === 'partial'))
    const next = events.slice(dropped).find(event => event.type === 'partial')
    ok(next?.type === 'partial' && next.text === spoken[0], JSON.stringify(next))
  })

  test('speech without an end is written in pieces of which none is longer than twenty seconds', async () => {
    // Words without a pause between them.
    const word = samples.subarray(0.4 * 16_000, 2.2 * 16_000)
    const long = new Float32Array(word.length * 25)
    for (let i = 0; i < 25; i++) long.set(word, i * word.length)
    for (const model of [zipformer, parakeet]) {
      await using rig = await EngineRig.start({ program, model })
      const path = await wav('long.wav', long)
      const { body } = await rig.result(transcribe('long.wav'), [path])
      const segments = body['segments'] as { start: number; end: number; text: string }[]
      ok(segments.length >= 3, JSON.stringify(segments))
      for (const [i, { start, end, text }] of segments.entries()) {
        ok(end - start < 20)
        ok(start >= (segments[i - 1]?.end ?? 0))
        equal(text, wordsFromTheStart(text))
      }
    }
  })
})

function unloadable(model: SyntheticModel) {
  const encoder = '/nowhere/encoder.onnx'
  return [
    { model: { ...model, settings: {} }, reason: 'bad_settings' },
    { model: { ...model, files: {} }, reason: 'bad_model' },
    { model: { ...model, files: { ...model.files, encoder } }, reason: 'missing_files' },
  ] as const
}

/** What the models without weights say of so many words. */
function wordsFromTheStart(text: string): string {
  return text
    .split(' ')
    .map((_, at) => spoken[at % spoken.length])
    .join(' ')
}

/** Sends audio in pieces of 50 ms, where there is more with a clear before it; what the engine says. */
async function talk(job: RigJob, ...parts: readonly Float32Array[]): Promise<EngineEvent[]> {
  await job.listening
  const socket = connect(job.socket)
  await once(socket, 'connect')
  for (const [i, part] of parts.entries()) {
    if (i > 0) socket.write(encodeJsonFrame({ type: 'clear' }))
    const pcm = encodeWav(part, 16_000).subarray(44)
    for (let at = 0; at < pcm.length; at += 1600) socket.write(encodeFrame(0, pcm.subarray(at, at + 1600)))
  }
  socket.write(encodeJsonFrame({ type: 'end' }))
  const events: EngineEvent[] = []
  for await (const { payload } of readFrames(socket))
    events.push(engineEvent.parse(JSON.parse(payload.toString('utf8'))))
  return events
}
