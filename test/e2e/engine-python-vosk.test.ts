import { deepEqual, equal, ok } from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { encodeFrame, encodeJsonFrame, readFrames } from '../../lib/frames.ts'
import { encodeWav } from '../../lib/wav.ts'
import type { EngineModel, SttRequest } from '../../services/core/engine.ts'
import { transcriptionSchema } from '../../services/portal/stt-request.ts'
import { engineContract } from '../support/engine-contract.ts'
import { EngineRig, type RigJob } from '../support/engine-rig.ts'
import { fakeVoskFolder, fakeVoskModel, tones } from '../support/fake-vosk.ts'
import { havePython, onlyPython } from '../support/python-engine.ts'
import { tempDir } from '../support/temp.ts'
import { type WavFormat, writeWav } from '../support/wav-writer.ts'

const program = 'services/python/examples/vosk_engine.py'
const skipFfmpeg = spawnSync('ffmpeg', ['-version']).status === 0 ? false : 'there is no ffmpeg on the PATH'
const transcribe = (file: string): SttRequest => ({ kind: 'transcribe', file })
const session = (sampleRate: number): SttRequest => ({ kind: 'session', sampleRate, endpointMs: 500 })
const speech = [
  ['silence', 0.25],
  ['low', 0.5],
  ['silence', 0.25],
  ['high', 0.5],
  ['silence', 1],
  ['high', 0.5],
  ['silence', 0.25],
] as const

suite('Vosk, with a library that hears tones', { skip: havePython() }, async () => {
  const dir = await tempDir()
  after(() => dir[Symbol.asyncDispose]())
  const at = (name: string): string => join(dir.path, name)
  const env = { PYTHONPATH: await fakeVoskFolder(dir.path) }
  const model: EngineModel = {
    id: 'vosk',
    engine: 'python',
    files: { model: await fakeVoskModel(dir.path) },
    settings: { program },
  }
  const withModel = (path: string): EngineModel => ({ ...model, files: { model: path } })
  await writeFile(at('speech.wav'), encodeWav(tones(speech, 16_000), 16_000))
  await writeFile(at('noise.wav'), encodeWav(Float32Array.from({ length: 16_000 }, hiss), 16_000))
  await writeFile(at('empty.wav'), '')
  await writeFile(at('text.wav'), 'this is text')
  await writeFile(at('cut.wav'), encodeWav(tones(speech, 16_000), 16_000).subarray(0, 30_000))
  await mkdir(at('nothing'))
  await mkdir(at('other'))
  const other = await fakeVoskModel(at('other'), 'GGUF')
  await mkdir(at('hollow'))
  const hollow = await fakeVoskModel(at('hollow'), '')

  engineContract({
    program,
    model,
    env,
    good: [
      { request: transcribe('speech.wav'), attachments: [at('speech.wav')], check: asSpoken },
      {
        request: transcribe('noise.wav'),
        attachments: [at('noise.wav')],
        check: body => equal(body['audioSeconds'], 1),
      },
    ],
    bad: [
      { request: transcribe('nowhere.wav'), reason: 'bad_audio' },
      { request: transcribe('empty.wav'), attachments: [at('empty.wav')], reason: 'bad_audio' },
      { request: transcribe('text.wav'), attachments: [at('text.wav')], reason: 'bad_audio' },
      { request: transcribe('cut.wav'), attachments: [at('cut.wav')], reason: 'bad_audio' },
      { request: { kind: 'embed', input: ['x'] }, reason: 'unsupported' },
    ],
    unloadable: [
      { model: { ...model, files: {} }, reason: 'bad_model' },
      { model: withModel('/nowhere'), reason: 'missing_files' },
      { model: withModel(at('speech.wav')), reason: 'bad_model' },
      { model: withModel(at('nothing')), reason: 'bad_model' },
      { model: withModel(other), reason: 'bad_model' },
      { model: withModel(hollow), reason: 'bad_model' },
    ],
    long: { request: session(16_000) },
  })

  suite('in one process', () => {
    let rig: EngineRig
    before(async () => {
      rig = await EngineRig.start({ program, model, env })
    })
    after(() => rig[Symbol.asyncDispose]())

    test('each encoding of WAV, rate and number of channels has the same words', async () => {
      const variants = [
        wav({ rate: 44_100, channels: 2, bits: 16 }),
        wav({ rate: 8000, channels: 1, bits: 8 }),
        wav({ rate: 48_000, channels: 1, bits: 24 }),
        wav({ rate: 16_000, channels: 3, bits: 32 }),
        wav({ rate: 22_050, channels: 1, float: true, bits: 32 }),
        wav({ rate: 16_000, channels: 1, float: true, bits: 64, extensible: true }),
        wav({ rate: 16_000, channels: 1, bits: 16, open: true }),
      ]
      for (const [i, bytes] of variants.entries()) {
        await writeFile(at(`variant-${i}.wav`), bytes)
        const { body, lines } = await rig.result(transcribe(`variant-${i}.wav`), [at(`variant-${i}.wav`)])
        asSpoken(body, lines)
      }
    })

    test('what is no WAV file is read by ffmpeg', { skip: skipFfmpeg }, async () => {
      spawnSync('ffmpeg', ['-v', 'error', '-i', at('speech.wav'), at('speech.flac')])
      const { body, lines } = await rig.result(transcribe('speech.flac'), [at('speech.flac')])
      asSpoken(body, lines)
    })

    test('a recording that is none is told apart, by what it is', async () => {
      await using rig = await EngineRig.start({
        program,
        model,
        env: { ...env, PATH: await onlyPython(dir.path) },
      })
      const fault = async (name: string): Promise<unknown> => {
        const failure = await rig.failure(transcribe(name), [at(name)])
        return failure.reason === 'bad_audio' ? failure.fault : failure
      }
      equal(await fault('empty.wav'), 'empty')
      equal(await fault('cut.wav'), 'truncated')
      equal(await fault('text.wav'), 'no_ffmpeg')
      await writeFile(at('no-audio.wav'), wav({ rate: 16_000, channels: 1, bits: 16 }).subarray(0, 36))
      equal(await fault('no-audio.wav'), 'no_audio')
    })

    test('a session hears words while they are spoken, at the rate of its client', async () => {
      const job = await rig.start(session(24_000))
      const client = await speakTo(job, tones(speech, 24_000), 24_000, ['end'])
      // It has begun when words are known of it.
      deepEqual(shapeOf(client.events), [
        'speech_started 400',
        'partial low',
        'partial low high',
        'speech_stopped 1500',
        'final low high 250-1500',
        'speech_started 2601',
        'partial high',
        'speech_stopped 3000',
        'final high 2500-3000',
        'ended 2',
      ])
      const end = await job.end
      ok(end.type === 'done', JSON.stringify(end))
      deepEqual(end.body, { utterances: 2, audioSeconds: 3.25 })
    })

    test('a commit ends an utterance, a clear drops it, and one without words says so', async () => {
      const job = await rig.start(session(16_000))
      const low = tones([['low', 0.5]], 16_000)
      const client = await speakTo(job, low, 16_000, ['commit', 'commit', 'audio', 'clear', 'end'])
      deepEqual(shapeOf(client.events), [
        'speech_started 150',
        'partial low',
        'speech_stopped 500',
        'final low 0-500',
        'committed true',
        'committed false',
        'speech_started 650',
        'partial low',
        'dropped',
        'ended 1',
      ])
      equal((await job.end).type, 'done')
    })

    test('a client that hangs up has its result, and one that says nonsense is told', async () => {
      const job = await rig.start(session(16_000))
      await speakTo(job, tones([['low', 0.5]], 16_000), 16_000, [])
      const end = await job.end
      deepEqual(end.type === 'done' && end.body, { utterances: 0, audioSeconds: 0.5 })
      const other = await rig.start(session(16_000))
      await other.listening
      const socket = connect(other.socket)
      socket.end(encodeJsonFrame({ type: 'sing' }))
      const failed = await other.end
      deepEqual(failed.type === 'failed' && failed.failure, { reason: 'bad_frames' })
      socket.destroy()
    })

    test('sessions and files at once each get their own words', async () => {
      const jobs = await Promise.all([rig.start(session(16_000)), rig.start(session(16_000))])
      const [one, two] = await Promise.all([
        speakTo(jobs[0], tones([['low', 0.5]], 16_000), 16_000, ['end']),
        speakTo(jobs[1], tones([['high', 0.5]], 16_000), 16_000, ['end']),
        rig
          .result(transcribe('speech.wav'), [at('speech.wav')])
          .then(({ body, lines }) => asSpoken(body, lines)),
      ])
      ok(shapeOf(one.events).includes('final low 0-500'), shapeOf(one.events).join('\n'))
      ok(shapeOf(two.events).includes('final high 0-500'), shapeOf(two.events).join('\n'))
    })
  })
})

const wav = (format: WavFormat): Buffer => writeWav(tones(speech, format.rate), format)

function hiss(_: unknown, i: number): number {
  return 0.3 * Math.sin(i * i)
}

function asSpoken(body: Readonly<Record<string, unknown>>, lines: readonly unknown[]): void {
  const { text, segments, audioSeconds } = transcriptionSchema.parse({ model: 'vosk', ...body })
  equal(text, 'low high high')
  deepEqual(
    lines,
    segments.map(segment => ({ type: 'segment', ...segment })),
  )
  equal(Math.abs(audioSeconds - 3.25) < 0.01, true, String(audioSeconds))
  deepEqual(
    segments.map(({ start, end, text }) => [start, end, text].join(' ')),
    ['0.25 1.5 low high', '2.5 3 high'],
  )
}

/** Says the samples, then the controls (`audio`: the samples again); without any it hangs up. */
async function speakTo(job: RigJob, samples: Float32Array, rate: number, controls: readonly string[]) {
  await job.listening
  const socket = connect(job.socket)
  await once(socket, 'connect')
  const pcm = encodeWav(samples, rate).subarray(44)
  // Pieces that cut samples in two.
  const say = (): void => {
    for (let from = 0; from < pcm.length; from += 4801)
      socket.write(encodeFrame(0, pcm.subarray(from, from + 4801)))
  }
  say()
  for (const control of controls)
    if (control === 'audio') say()
    else socket.write(encodeJsonFrame({ type: control }))
  if (controls.length === 0) socket.end()
  const events: Record<string, unknown>[] = []
  for await (const { payload } of readFrames(socket))
    events.push(JSON.parse(payload.toString('utf8')) as Record<string, unknown>)
  return { events }
}

function shapeOf(events: readonly Record<string, unknown>[]): string[] {
  return events.map(({ type, text, atMs, startMs, endMs, item, utterances }) => {
    switch (type) {
      case 'speech_started':
      case 'speech_stopped':
        return `${type} ${String(atMs)}`
      case 'final':
        return `${type} ${String(text)} ${String(startMs)}-${String(endMs)}`
      case 'partial':
        return `${type} ${String(text)}`
      case 'committed':
        return `${type} ${item !== null}`
      case 'ended':
        return `${type} ${String(utterances)}`
      default:
        return String(type)
    }
  })
}
