import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { type AddressInfo, connect, createServer } from 'node:net'
import { join } from 'node:path'
import { after, before, beforeEach, suite, test } from 'node:test'
import { encodeFrame, encodeJsonFrame, readFrames } from '../../lib/frames.ts'
import { encodeWav } from '../../lib/wav.ts'
import type { EngineFailure, EngineModel, SttRequest } from '../../services/core/engine.ts'
import { engineContract } from '../support/engine-contract.ts'
import { EngineRig } from '../support/engine-rig.ts'
import { FakeTranscriptions, sayText } from '../support/fake-transcriptions.ts'
import { moonshineFiles } from '../support/speech-models.ts'
import { haveSpeech, speech } from '../support/speech.ts'
import { tempDir } from '../support/temp.ts'

const skip = haveSpeech() ? false : 'the speech models or the sample could not be fetched'
const program = 'services/engines/stt/remote.ts'
const key = 'sk-very+secret/0123456789'
const env = { A_KEY: key, http_proxy: undefined, HTTP_PROXY: undefined, no_proxy: undefined }
const transcribe: SttRequest = { kind: 'transcribe', file: 'jfk.wav' }
const session: SttRequest = { kind: 'session', sampleRate: 16_000, endpointMs: 500 }

const modelAt = (url: string, settings: Record<string, unknown> = {}): EngineModel => ({
  id: 'far',
  engine: 'remote',
  files: { vad: moonshineFiles.vad },
  settings: { url, model: 'whisper-1', keyEnv: 'A_KEY', silenceMs: 1000, ...settings },
})

suite('speech to text elsewhere', { skip, concurrency: false }, () => {
  let fake: FakeTranscriptions
  let rig: EngineRig
  before(async () => {
    fake = await FakeTranscriptions.start()
    rig = await EngineRig.start({ program, model: modelAt(fake.url, { language: 'en' }), env })
  })
  after(async () => {
    await rig[Symbol.asyncDispose]()
    await fake[Symbol.asyncDispose]()
  })
  beforeEach(() => {
    fake.answer = sayText
    fake.asked.length = 0
    fake.faults.length = 0
  })
  const failure = async (): Promise<Extract<EngineFailure, { reason: 'remote' }>> => {
    const failed = await rig.failure(transcribe, [speech.path])
    ok(failed.reason === 'remote', JSON.stringify(failed))
    ok(!JSON.stringify(failed).includes('secret'), JSON.stringify(failed))
    return failed
  }

  test('sends each utterance by itself, as the form and the file that the API describes', async () => {
    let at = 0
    fake.answer = response => sayText(response, `part ${++at}`)
    const { body, lines } = await rig.result(transcribe, [speech.path])
    deepEqual(fake.faults, [])
    equal(fake.asked.length, at)
    ok(at >= 3)
    const texts = Array.from({ length: at }, (_, i) => `part ${i + 1}`)
    deepEqual([body['text'], body['audioSeconds']], [texts.join(' '), 11])
    deepEqual(
      lines.map(line => (line as { text: string }).text),
      texts,
    )
    for (const { headers, fields, wav } of fake.asked) {
      equal(headers.authorization, `Bearer ${key}`)
      deepEqual(fields, [
        ['model', 'whisper-1'],
        ['response_format', 'json'],
        ['language', 'en'],
      ])
      const seconds = wav.frames / wav.sampleRate
      ok(seconds > 0.5 && seconds < 8, `${seconds} s`)
      ok(
        wav.mono(0, wav.frames).some(sample => Math.abs(sample) > 0.1),
        'the speech is in it',
      )
    }
  })

  test('says nothing of a language where none is set, and what is no speech is no text', async () => {
    await using any = await EngineRig.start({ program, model: modelAt(fake.url), env })
    fake.answer = response => sayText(response, '[BLANK_AUDIO] (music)')
    const { body } = await any.result(transcribe, [speech.path])
    deepEqual([body['text'], body['segments']], ['', []])
    deepEqual(
      fake.asked[0]?.fields.map(([name]) => name),
      ['model', 'response_format'],
    )
  })

  test('a session sends an utterance once, at its end, whatever pauses it has', async () => {
    const job = await rig.start(session)
    await job.listening
    const socket = connect(job.socket)
    await once(socket, 'connect')
    const silence = encodeWav(new Float32Array(16_000), 16_000).subarray(44)
    const spoken = (await readFile(speech.path)).subarray(44)
    for (let i = 0; i < spoken.length; i += 3200) socket.write(encodeFrame(0, spoken.subarray(i, i + 3200)))
    socket.write(encodeFrame(0, silence))
    socket.write(encodeJsonFrame({ type: 'end' }))
    const types: string[] = []
    for await (const { payload } of readFrames(socket))
      types.push((JSON.parse(payload.toString('utf8')) as { type: string }).type)
    const finals = types.filter(type => type === 'final').length
    ok(finals >= 3)
    equal(fake.asked.length, finals)
    equal(types.at(-1), 'ended')
    deepEqual(fake.faults, [])
  })

  test('silence and nothing are not sent', async () => {
    await using dir = await tempDir()
    for (const seconds of [0, 2]) {
      const path = join(dir.path, `${seconds}.wav`)
      await writeFile(path, encodeWav(new Float32Array(seconds * 16_000), 16_000))
      const { body } = await rig.result({ kind: 'transcribe', file: `${seconds}.wav` }, [path])
      equal(body['text'], '')
    }
    equal(fake.asked.length, 0)
  })

  const statuses: readonly (readonly [number, string])[] = [
    [401, 'unauthorized'],
    [403, 'unauthorized'],
    [404, 'refused'],
    [413, 'refused'],
    [429, 'refused'],
    [500, 'refused'],
    [504, 'timeout'],
  ]
  for (const [status, fault] of statuses)
    test(`${status} is ${fault}`, async () => {
      fake.answer = response => {
        // More than is waited for.
        response.writeHead(status, { 'retry-after': '700' })
        response.end(JSON.stringify({ error: { message: 'no, not today' } }))
      }
      const failed = await failure()
      deepEqual([failed.fault, failed.status, failed.detail], [fault, status, 'no, not today'])
      deepEqual([failed.host, failed.retryAfter], [new URL(fake.url).host, 700])
      equal(fake.asked.length, 1)
    })

  test('a server that is busy for one request of a recording is asked for it again', async () => {
    let at = 0
    fake.answer = response => {
      at++
      if (at === 2) return response.writeHead(503, { 'retry-after': '1' }).end('busy')
      return sayText(response, `part ${at}`)
    }
    const { body } = await rig.result(transcribe, [speech.path])
    const texts = Array.from({ length: at }, (_, i) => `part ${i + 1}`)
    equal(body['text'], texts.filter(text => text !== 'part 2').join(' '))
    deepEqual(fake.faults, [])
  })

  test('a server that says the key back leaks nothing', async () => {
    for (const form of [key, encodeURIComponent(key), Buffer.from(key).toString('base64')]) {
      fake.answer = response => response.writeHead(401).end(`${'x'.repeat(490)}bad key ${form}`)
      ok(!(await failure()).detail.includes(form.slice(0, 8)))
    }
    ok(!JSON.stringify(rig.events).includes('secret'))
  })

  test('a redirect is not followed', async () => {
    await using other = await FakeTranscriptions.start()
    fake.answer = response => response.writeHead(307, { location: `${other.url}/audio/transcriptions` }).end()
    equal((await failure()).fault, 'bad_answer')
    equal(other.asked.length, 0)
  })

  test('what is no answer of this API is said', async () => {
    const bodies = ['<html>Please log in</html>', '[]', '{"text": 7}', '{"text": "cut', '']
    for (const body of bodies) {
      fake.answer = response => response.writeHead(200).end(body)
      equal((await failure()).fault, 'bad_answer', body)
    }
    fake.answer = response => {
      response.writeHead(200, { 'content-length': '1000' })
      response.write('{"text": "half', () => response.destroy())
    }
    equal((await failure()).fault, 'bad_answer')
    fake.answer = response => response.writeHead(200).end(JSON.stringify({ text: 'x'.repeat(2_000_000) }))
    match((await failure()).detail, /more than/)
  })

  test('a server that never answers, or falls silent, is a timeout', async () => {
    fake.answer = () => undefined
    equal((await failure()).fault, 'timeout')
    fake.answer = response => void response.writeHead(200).write('{"te')
    equal((await failure()).fault, 'timeout')
  })

  test('nobody there is unreachable, and a key that is not set is said', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    server.close()
    await once(server, 'close')
    const fault = async (model: EngineModel): Promise<string> => {
      await using other = await EngineRig.start({ program, model, env })
      const failed = await other.failure(transcribe, [speech.path])
      return failed.reason === 'remote' ? `${failed.fault} ${failed.detail}` : failed.reason
    }
    match(await fault(modelAt(`http://127.0.0.1:${port}/v1`)), /^unreachable/)
    match(await fault(modelAt(fake.url, { keyEnv: 'NO_KEY' })), /^no_key .*NO_KEY/)
    equal(fake.asked.length, 0)
  })
})

suite('speech to text elsewhere holds to the contract', { skip }, async () => {
  const dir = await tempDir()
  const fake = await FakeTranscriptions.start()
  after(async () => {
    await fake[Symbol.asyncDispose]()
    await dir[Symbol.asyncDispose]()
  })
  const model = modelAt(fake.url, { silenceMs: 60_000 })
  const empty = join(dir.path, 'empty.wav')
  const text = join(dir.path, 'text.wav')
  const noise = join(dir.path, 'noise.wav')
  await writeFile(empty, '')
  await writeFile(text, 'this is text')
  const sound = Float32Array.from({ length: 16_000 }, (_, at) => 0.3 * Math.sin(at * at))
  await writeFile(noise, encodeWav(sound, 16_000))

  engineContract({
    program,
    model,
    env: { ...env, PATH: dir.path },
    good: [
      {
        request: transcribe,
        attachments: [speech.path],
        check: body => match(String(body['text']), /^And so my fellow Americans\./),
      },
      {
        request: { kind: 'transcribe', file: 'noise.wav' },
        attachments: [noise],
        check: body => equal(body['audioSeconds'], 1),
      },
    ],
    bad: [
      { request: { kind: 'transcribe', file: 'nowhere.wav' }, reason: 'bad_audio' },
      { request: { kind: 'transcribe', file: 'empty.wav' }, attachments: [empty], reason: 'bad_audio' },
      { request: { kind: 'transcribe', file: 'text.wav' }, attachments: [text], reason: 'bad_audio' },
      { request: { kind: 'embed', input: ['x'] }, reason: 'unsupported' },
    ],
    unloadable: [
      { model: modelAt('ftp://host/v1'), reason: 'bad_settings' },
      { model: modelAt('http://user:password@host/v1'), reason: 'bad_settings' },
      { model: modelAt(fake.url, { language: 'English' }), reason: 'bad_settings' },
      { model: { ...model, files: {} }, reason: 'bad_model' },
      { model: { ...model, files: { vad: moonshineFiles.encoder } }, reason: 'bad_model' },
      { model: { ...model, files: { vad: '/nowhere/vad.onnx' } }, reason: 'missing_files' },
    ],
    long: { request: session },
  })
})
