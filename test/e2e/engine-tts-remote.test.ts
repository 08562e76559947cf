import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { after, before, beforeEach, suite, test } from 'node:test'
import type { EngineFailure, EngineModel, Spoken, TtsRequest } from '../../services/core/engine.ts'
import { speechLineSchema } from '../../services/portal/tts-request.ts'
import { engineContract } from '../support/engine-contract.ts'
import { EngineRig } from '../support/engine-rig.ts'
import {
  FakeSpeechServer,
  giveSpeech,
  samplesPerCharacter,
  speechOf,
  speechRate,
  usualSpeech,
  wordsOf,
} from '../support/fake-speech-server.ts'

const program = 'services/engines/tts/remote.ts'
const key = 'sk-very+secret/0123456789'
const env = { A_KEY: key, http_proxy: undefined, HTTP_PROXY: undefined, no_proxy: undefined }

const request = (text: string, more: Partial<TtsRequest> = {}): TtsRequest => ({
  kind: 'speak',
  text,
  format: 'wav',
  stream: false,
  ...more,
})
const modelAt = (url: string, settings: Record<string, unknown> = {}): EngineModel => ({
  id: 'far',
  engine: 'remote',
  files: {},
  settings: { url, model: 'tts-1', voice: 'alloy', keyEnv: 'A_KEY', silenceMs: 400, ...settings },
})

let fake: FakeSpeechServer
let rig: EngineRig
before(async () => {
  fake = await FakeSpeechServer.start()
  rig = await EngineRig.start({ program, model: modelAt(fake.url), env })
})
after(async () => {
  await rig[Symbol.asyncDispose]()
  await fake[Symbol.asyncDispose]()
})
beforeEach(() => {
  fake.answer = usualSpeech
  fake.asked.length = 0
})

const pauseSeconds = 0.29
const failure = async (wanted = request('Hi.')) => {
  const failed = await rig.failure(wanted)
  ok(failed.reason === 'remote', JSON.stringify(failed))
  ok(!JSON.stringify(failed).includes('secret'), JSON.stringify(failed))
  return failed
}

suite('the engine for voices elsewhere', { concurrency: false }, () => {
  test('asks for each sentence, with nothing but what the API has', async () => {
    const { body, lines, out } = await rig.result(request('Hi there. And "so" on, 😀!', { stream: true }))
    const { authorization, accept, host, connection, ...rest } = fake.asked[0]?.headers ?? {}
    equal(authorization, `Bearer ${key}`)
    ok([accept, host, connection].every(header => header !== undefined))
    const sent = [
      '{"model":"tts-1","voice":"alloy","response_format":"wav","input":"Hi there."}',
      '{"model":"tts-1","voice":"alloy","response_format":"wav","input":"And \\"so\\" on, 😀!"}',
    ]
    deepEqual(rest, { 'content-type': 'application/json', 'content-length': `${sent[0]?.length}` })
    deepEqual(
      fake.asked.map(({ method, path, body }) => [method, path, body]),
      sent.map(body => ['POST', '/v1/audio/speech', body]),
    )
    const { voice, sampleRate, audioSeconds, sentences } = body as unknown as Spoken
    deepEqual([voice, sampleRate, sentences], ['alloy', speechRate, 2])
    const characters = 'Hi there.'.length + 'And "so" on, 😀!'.length
    equal(
      audioSeconds,
      Math.round(((characters * samplesPerCharacter) / speechRate + pauseSeconds) * 1000) / 1000,
    )
    const told = lines.map(line => speechLineSchema.parse(line))
    deepEqual(
      told.flatMap(line => (line.type === 'sentence' ? [[line.text, line.sampleRate]] : [])),
      [
        ['Hi there.', speechRate],
        ['And "so" on, 😀!', speechRate],
      ],
    )
    const pcm = told.flatMap(line => (line.type === 'audio' ? [Buffer.from(line.pcm, 'base64')] : []))
    ok(Buffer.concat(pcm).equals((await readFile(join(out, 'speech.wav'))).subarray(44)))
  })

  test('passes on voice and speed; without a voice it leaves the choice to the server', async () => {
    const { body } = await rig.result(request('Hi.', { voice: 'nova', speed: 1.5 }))
    equal(body['voice'], 'nova')
    equal(
      fake.asked[0]?.body,
      '{"model":"tts-1","voice":"nova","speed":1.5,"response_format":"wav","input":"Hi."}',
    )
    await using voiceless = await EngineRig.start({
      program,
      model: modelAt(fake.url, { voice: undefined }),
      env,
    })
    equal((await voiceless.result(request('Hi.'))).body['voice'], 'default')
    equal(fake.asked[1]?.body, '{"model":"tts-1","response_format":"wav","input":"Hi."}')
  })

  test('marks for the model go as they are', async () => {
    await rig.result(request('Well <laugh> no.'))
    match(fake.asked[0]?.body ?? '', /"input":"Well <laugh> no\."/)
  })

  test('a sentence is heard while it comes, in whatever pieces', async () => {
    const wav = speechOf('x'.repeat(300))
    const goOn = Promise.withResolvers<void>()
    fake.answer = async response => {
      response.writeHead(200, { 'content-type': 'audio/wav' })
      for (let at = 0; at < 50; at++) {
        response.write(wav.subarray(at, at + 1))
        await new Promise(resolve => setImmediate(resolve))
      }
      response.write(wav.subarray(50, 30_001))
      await goOn.promise
      response.end(wav.subarray(30_001))
    }
    const job = await rig.start(request('Hi.', { stream: true, format: 'pcm16' }))
    await job.firstLine
    goOn.resolve()
    const end = await job.end
    ok(end.type === 'done')
    ok((await readFile(join(job.out, 'speech.pcm'))).equals(wav.subarray(44)))
  })

  test('takes WAV files as servers write them: stereo, of other rates, of a length that nobody knew', async () => {
    const seconds = async (wav: Buffer): Promise<number> => {
      fake.answer = response => giveSpeech(response, wav)
      return Number((await rig.result(request('Hi.'))).body['audioSeconds'])
    }
    const wav = speechOf('x'.repeat(480))
    equal(await seconds(wav), 2)
    equal(await seconds(speechOf('x'.repeat(480), 48_000)), 1)
    const open = Buffer.from(wav)
    open.writeUInt32LE(0xffff_ffff, 4)
    open.writeUInt32LE(0xffff_ffff, 40)
    equal(await seconds(open), 2)
    equal(await seconds(Buffer.concat([wav, Buffer.from('LIST\x04\x00\x00\x00abcd')])), 2)
    const stereo = Buffer.from(wav)
    stereo.writeUInt16LE(2, 22)
    stereo.writeUInt16LE(4, 32)
    equal(await seconds(stereo), 1)
    // Nothing to say is no fault.
    equal(await seconds(speechOf('')), 0)
  })

  test('a text without words is no request of nothing', async () => {
    equal((await rig.result(request(' \u0007\n'))).body['audioSeconds'], 0)
    equal(fake.asked.length, 0)
  })

  test('a cancelled request ends there, too', async () => {
    const closed = Promise.withResolvers<void>()
    fake.answer = response => {
      response.writeHead(200, { 'content-type': 'audio/wav' })
      response.write(speechOf('x'.repeat(3000)).subarray(0, 100_000))
      response.on('close', () => closed.resolve())
    }
    const job = await rig.start(request('Hi.', { stream: true }))
    await job.firstLine
    job.cancel()
    const end = await job.end
    ok(end.type === 'failed' && end.failure.reason === 'cancelled')
    await closed.promise
  })
})

suite('what goes wrong with voices elsewhere', { concurrency: false }, () => {
  const statuses: readonly (readonly [number, Extract<EngineFailure, { reason: 'remote' }>['fault']])[] = [
    [401, 'unauthorized'],
    [404, 'refused'],
    [429, 'refused'],
    [500, 'refused'],
    [504, 'timeout'],
  ]
  for (const [status, fault] of statuses)
    test(`${status} is ${fault}, also in the middle of a text`, async () => {
      for (const good of [0, 1]) {
        fake.asked.length = 0
        fake.answer = (response, asked) => {
          if (fake.asked.length <= good) return usualSpeech(response, asked)
          response.writeHead(status, { 'retry-after': '7' })
          response.end(JSON.stringify({ error: { message: `no ${key}, not today` } }))
        }
        const failed = await failure(request('Hi. And so on.', { stream: true }))
        deepEqual([failed.fault, failed.status, failed.detail], [fault, status, 'no <key>, not today'])
        deepEqual([failed.host, failed.retryAfter], [new URL(fake.url).host, 7])
      }
    })

  test('what is no sound is told, as far as it can be read', async () => {
    for (const [bytes, type, words] of [
      ['{"detail":"no voice alloy"}', 'application/json', /application\/json: \{"detail":"no voice alloy"\}/],
      ['<html>Please log in</html>', 'text/html; charset=utf-8', /text\/html: <html>/],
      [`{"key":"${key}"}`, 'application/json', /<key>/],
      [Buffer.from('494433040000000000', 'hex'), 'audio/mpeg', /not a WAV file but audio\/mpeg$/],
      [Buffer.alloc(300_000, 1), 'audio/pcm', /audio\/pcm$/],
      ['', 'audio/wav', /no bytes/],
      ['RIFF', 'audio/wav', /not a WAV file/],
      [speechOf('x').subarray(0, 40), 'audio/wav', /not a WAV file/],
      [Buffer.concat([Buffer.from('RIFF0000WAVEjunk\xf0\xff\xff\x7f', 'latin1')]), 'audio/wav', /not a WAV/],
    ] as const) {
      fake.answer = response => giveSpeech(response, bytes, type)
      const failed = await failure()
      equal(failed.fault, 'bad_answer')
      match(failed.detail, words)
    }
  })

  test('sound that is cut off, or ends never, or changes its rate', async () => {
    const wav = speechOf('x'.repeat(300))
    fake.answer = response => giveSpeech(response, wav.subarray(0, -2))
    match((await failure()).detail, /cut off/)
    fake.answer = response => {
      response.writeHead(200, { 'content-type': 'audio/wav', 'content-length': wav.length })
      response.write(wav.subarray(0, 1000), () => response.destroy())
    }
    equal((await failure()).fault, 'bad_answer')
    fake.answer = async response => {
      response.on('error', () => undefined)
      response.writeHead(200)
      const open = Buffer.from(wav.subarray(0, 44))
      open.writeUInt32LE(0xffff_ffff, 40)
      response.write(open)
      for (let at = 0; at < 64 && !response.destroyed; at++)
        await new Promise<void>(resolve => response.write(Buffer.alloc(1024 * 1024), () => resolve()))
      response.end()
    }
    match((await failure()).detail, /more audio than a sentence/)
    fake.answer = (response, asked) =>
      giveSpeech(response, speechOf(wordsOf(asked), 24_000 / fake.asked.length))
    fake.asked.length = 0
    match((await failure(request('Hi. And so on.'))).detail, /24000, and then of 12000/)
  })

  test('a server that never answers, or falls silent, is a timeout', async () => {
    fake.answer = () => undefined
    equal((await failure()).fault, 'timeout')
    fake.answer = response => {
      response.writeHead(200)
      response.write(speechOf('x'.repeat(300)).subarray(0, 1000))
    }
    equal((await failure()).fault, 'timeout')
  })

  test('a redirect is not followed', async () => {
    await using other = await FakeSpeechServer.start()
    fake.answer = response => {
      response.writeHead(307, { location: `${other.url}/audio/speech` })
      response.end()
    }
    equal((await failure()).fault, 'bad_answer')
    equal(other.asked.length, 0)
  })

  test('nobody there is unreachable, and a key that is not set is said', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    server.close()
    await once(server, 'close')
    const gone = modelAt(`http://127.0.0.1:${port}/v1`)
    const keyless = modelAt(fake.url, { keyEnv: 'NO_KEY' })
    for (const [model, fault] of [
      [gone, 'unreachable'],
      [keyless, 'no_key'],
    ] as const) {
      await using rig = await EngineRig.start({ program, model, env })
      const failed = await rig.failure(request('Hi.'))
      ok(failed.reason === 'remote' && failed.fault === fault, JSON.stringify(failed))
    }
    equal(fake.asked.length, 0)
  })
})

suite('the engine for voices elsewhere holds to the contract', () => {
  let slow: FakeSpeechServer
  before(async () => {
    slow = await FakeSpeechServer.start()
    slow.answer = (response, asked) => {
      if (wordsOf(asked) !== 'endless') return usualSpeech(response, asked)
      response.writeHead(200)
      response.write(speechOf('x'.repeat(300)).subarray(0, 30_000))
    }
    model.settings['url'] = slow.url
  })
  after(() => slow[Symbol.asyncDispose]())
  const model = modelAt('http://127.0.0.1:1/v1', { silenceMs: 60_000 })
  const spoken = (body: Readonly<Record<string, unknown>>): void => ok(Number(body['audioSeconds']) > 0)

  engineContract({
    program,
    model,
    against: 'a stub of an OpenAI-compatible server',
    env,
    good: [
      { request: request('Hello there.'), check: spoken },
      { request: request('And again.', { format: 'pcm16', stream: true }), check: spoken },
    ],
    bad: [{ request: { kind: 'embed', input: ['x'] }, reason: 'unsupported' }],
    unloadable: [
      { model: modelAt('ftp://host/v1'), reason: 'bad_settings' },
      { model: modelAt('http://me:pass@host/v1'), reason: 'bad_settings' },
      { model: modelAt('http://host/v1', { model: '' }), reason: 'bad_settings' },
      { model: modelAt('http://host/v1', { voice: 7 }), reason: 'bad_settings' },
    ],
    long: { request: request('endless', { stream: true }) },
  })
})
