import assert from 'node:assert/strict'
import { once } from 'node:events'
import { copyFile, readFile, rm, watch, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { after, suite, test } from 'node:test'
import { encodeFrame, encodeJsonFrame, readFrames } from '../../lib/frames.ts'
import { identify, isAlive } from '../../lib/process-identity.ts'
import { encodeWav, parseWav } from '../../lib/wav.ts'
import { programPath } from '../../models/programs.ts'
import type { EngineModel, SttRequest } from '../../services/core/engine.ts'
import { transcriptionSchema } from '../../services/portal/stt-request.ts'
import { coreHome } from '../support/core.ts'
import { engineContract } from '../support/engine-contract.ts'
import { EngineRig } from '../support/engine-rig.ts'
import { fakeProgram } from '../support/fake-program.ts'
import { root } from '../support/our-stack.ts'
import { moonshineFiles } from '../support/speech-models.ts'
import { haveSpeech, speech } from '../support/speech.ts'
import { Spawned } from '../support/spawned.ts'
import { tempDir } from '../support/temp.ts'
import { whisperModel } from '../support/whisper-model.ts'

const program = 'services/engines/stt/whisper.ts'
const skip = haveSpeech() ? false : 'the model of voice activity or the sample could not be fetched'
const transcribe = (file: string): SttRequest => ({ kind: 'transcribe', file })
const session: SttRequest = { kind: 'session', sampleRate: 16_000, endpointMs: 500 }

/** Where a test's files lie; in it, a stand-in for whisper-server that says how long the audio is. */
async function place() {
  const dir = await tempDir()
  const at = (name: string): string => join(dir.path, name)
  const stub = join(root, 'test/support/programs/whisper-server.ts')
  const bin = await fakeProgram(dir.path, 'whisper-server', `exec '${process.execPath}' '${stub}' "$@"`)
  await writeFile(at('tiny.en.bin'), whisperModel())
  await writeFile(at('tiny.bin'), whisperModel({ n_vocab: 51_865 }))
  await copyFile(speech.path, at('jfk.wav'))
  const model = (change: Partial<EngineModel['files']> = {}, settings: EngineModel['settings'] = {}) => ({
    id: 'whisper',
    engine: 'whisper',
    files: { model: at('tiny.en.bin'), vad: moonshineFiles.vad, ...change },
    settings: { program: join(bin, 'whisper-server'), ...settings },
  })
  return {
    at,
    model,
    env: { STUB: dir.path },
    /** What the stand-in was started with. */
    args: async () =>
      JSON.parse(await readFile(at('args'), 'utf8')) as { readonly pid: number; readonly argv: string[] },
    /** What it was asked, as soon as that is so much. */
    requests: async (least: number): Promise<unknown[]> => {
      const changes = watch(dir.path)
      for (;;) {
        const text = await readFile(at('requests'), 'utf8').catch(() => '')
        const lines = text.split('\n').slice(0, -1)
        if (lines.length >= least) {
          await changes.return?.()
          return lines.map(line => JSON.parse(line) as unknown)
        }
        await changes.next()
      }
    },
    [Symbol.asyncDispose]: () => dir[Symbol.asyncDispose](),
  }
}

suite('whisper.cpp', { skip }, async () => {
  const here = await place()
  after(() => here[Symbol.asyncDispose]())
  const { at, model, env } = here
  await writeFile(at('empty.wav'), '')
  await writeFile(at('not.wav'), 'this is text')
  await writeFile(at('empty.bin'), '')
  await writeFile(at('gguf.bin'), Buffer.concat([Buffer.from('GGUF'), Buffer.alloc(100)]))
  await writeFile(at('wide.bin'), whisperModel({ n_audio_state: 1_000_000_000 }))
  await writeFile(at('cut.bin'), whisperModel().subarray(0, 30))
  const noise = Float32Array.from({ length: 16_000 }, (_, i) => 0.3 * Math.sin(i * i))
  await writeFile(at('noise.wav'), encodeWav(noise, 16_000))

  engineContract({
    program,
    model: model(),
    against: 'a stub of whisper-server',
    env,
    good: [
      {
        request: transcribe('jfk.wav'),
        attachments: [at('jfk.wav')],
        check: (body, lines) => {
          const { text, segments, audioSeconds } = transcriptionSchema.parse({ ...body, model: 'x' })
          assert.match(text, /^(\d+(\.\d)? seconds\. ?)+$/)
          assert.equal(audioSeconds, speech.seconds)
          assert.deepEqual(
            lines,
            segments.map(segment => ({ type: 'segment', ...segment })),
          )
        },
      },
      {
        request: transcribe('noise.wav'),
        attachments: [at('noise.wav')],
        check: body => assert.equal(body['text'], ''),
      },
    ],
    bad: [
      { request: transcribe('nowhere.wav'), reason: 'bad_audio' },
      { request: transcribe('empty.wav'), attachments: [at('empty.wav')], reason: 'bad_audio' },
      { request: transcribe('not.wav'), attachments: [at('not.wav')], reason: 'bad_audio' },
      { request: { kind: 'embed', input: ['x'] }, reason: 'unsupported' },
    ],
    unloadable: [
      { model: { ...model(), files: {} }, reason: 'bad_model' },
      { model: model({ model: '/nowhere/model.bin' }), reason: 'missing_files' },
      { model: model({ model: at('empty.bin') }), reason: 'bad_model' },
      { model: model({ model: at('gguf.bin') }), reason: 'bad_model' },
      { model: model({ model: at('wide.bin') }), reason: 'bad_model' },
      { model: model({ model: at('cut.bin') }), reason: 'bad_model' },
      { model: model({ model: moonshineFiles.encoder }), reason: 'bad_model' },
      { model: model({ vad: at('tiny.bin') }), reason: 'bad_model' },
      { model: model({}, { program: '/nowhere/whisper-server' }), reason: 'missing_program' },
      { model: model({}, { language: 'de' }), reason: 'bad_settings' },
      { model: model({ model: at('tiny.bin') }, { language: 'xx' }), reason: 'bad_settings' },
    ],
    long: { request: session },
  })

  test('the server is asked in its own words: a WAV file, no guessing, nothing of the disk', async () => {
    await using here = await place()
    await using rig = await EngineRig.start({ program, model: here.model(), env: here.env })
    await rig.result(transcribe('jfk.wav'), [here.at('jfk.wav')])
    const [first] = (await here.requests(1)) as Record<string, unknown>[]
    const { seconds, ...fields } = first ?? {}
    assert.ok(Number(seconds) > 0.5 && Number(seconds) < 11, JSON.stringify(first))
    const asked = { response_format: 'json', temperature: '0.0', language: 'en', token_timestamps: 'false' }
    assert.deepEqual(fields, asked)
    const { argv } = await here.args()
    const value = (name: string): string | undefined => argv[argv.indexOf(name) + 1]
    assert.equal(value('--model'), here.at('tiny.en.bin'))
    assert.equal(value('--host'), '127.0.0.1')
    assert.equal(value('--threads'), '1')
    assert.equal(value('--public'), '/dev/null')
    assert.match(value('--request-path') ?? '', /^\/[0-9a-f]{32}$/)
    assert.ok(argv.includes('--no-gpu') && !argv.includes('--translate'))
  })

  test('a model of many languages hears which one it is, unless it is told; it may translate', async () => {
    await using here = await place()
    const settings = { language: 'de', translate: true }
    const many = { model: here.at('tiny.bin') }
    await using free = await EngineRig.start({ program, model: here.model(many), env: here.env })
    assert.equal(free.loaded.facts['language'], 'as it is spoken')
    assert.equal((await here.args()).argv[(await here.args()).argv.indexOf('--language') + 1], 'auto')
    await using told = await EngineRig.start({ program, model: here.model(many, settings), env: here.env })
    assert.equal(told.loaded.facts['language'], 'de')
    assert.ok((await here.args()).argv.includes('--translate'))
  })

  test('on a graphics card it tells what it takes of it; a server that finds none is no server for the card', async () => {
    await using here = await place()
    const asked = { program, model: here.model(), gpu: true }
    await using blind = await EngineRig.start({ ...asked, env: here.env })
    assert.equal(blind.loadFailure?.reason, 'no_gpu')
    await using rig = await EngineRig.start({ ...asked, env: { ...here.env, STUB_CARD: '' } })
    assert.equal(rig.loadFailure, undefined)
    const memory = rig.events.find(event => event.type === 'memory')
    assert.deepEqual(memory?.gpu, { gpu: 77_110_000 })
  })

  test('no proxy is asked for what is on this machine', { timeout: 60_000 }, async () => {
    await using here = await place()
    const proxy = 'http://127.0.0.1:9'
    const proxied = {
      NODE_USE_ENV_PROXY: '1',
      HTTP_PROXY: proxy,
      http_proxy: proxy,
      no_proxy: undefined,
      NO_PROXY: undefined,
    }
    await using rig = await EngineRig.start({
      program,
      model: here.model(),
      env: { ...here.env, ...proxied },
    })
    assert.equal(rig.loadFailure, undefined)
    const { body } = await rig.result(transcribe('jfk.wav'), [here.at('jfk.wav')])
    assert.match(String(body['text']), /seconds/)
  })

  test('a session asks for an utterance once, at its end, whatever pauses it has', async () => {
    await using here = await place()
    await using rig = await EngineRig.start({ program, model: here.model(), env: here.env })
    const job = await rig.start(session)
    await job.listening
    const parsed = parseWav(await readFile(speech.path))
    assert.ok(parsed.ok)
    const pcm = encodeWav(parsed.wav.mono(0, parsed.wav.frames), 16_000).subarray(44)
    const socket = connect(job.socket)
    await once(socket, 'connect')
    const bytes = (seconds: number): number => seconds * 16_000 * 2
    // Up to the middle of a pause, and then nothing until the engine has heard that.
    socket.write(encodeFrame(0, pcm.subarray(0, bytes(2.75))))
    let finals = 0
    let isWhole = false
    for await (const { payload } of readFrames(socket)) {
      const { type } = JSON.parse(payload.toString('utf8')) as { type: string }
      if (type === 'final') finals++
      if (type !== 'speech_started' || isWhole) continue
      isWhole = true
      // Of its signs of life, the first may be older.
      for (let i = 0; i < 2; i++) await rig.nextEvent()
      // The same words again: they end the pause.
      socket.write(encodeFrame(0, pcm.subarray(bytes(0.3), bytes(2.4))))
      socket.write(encodeFrame(0, Buffer.alloc(bytes(1))))
      socket.write(encodeJsonFrame({ type: 'end' }))
    }
    assert.equal(finals, 1)
    assert.equal((await here.requests(1)).length, 1)
  })

  test('who speaks is heard in a session', async () => {
    await using rig = await EngineRig.start({ program, model: model(), env })
    const job = await rig.start(session)
    await job.listening
    const parsed = parseWav(await readFile(speech.path))
    assert.ok(parsed.ok)
    const pcm = encodeWav(parsed.wav.mono(0, parsed.wav.frames), 16_000).subarray(44)
    const socket = connect(job.socket)
    await once(socket, 'connect')
    socket.write(encodeFrame(0, pcm))
    socket.write(encodeJsonFrame({ type: 'end' }))
    const finals: string[] = []
    for await (const { payload } of readFrames(socket)) {
      const event = JSON.parse(payload.toString('utf8')) as { type: string; text?: string }
      if (event.type === 'final') finals.push(event.text ?? '')
    }
    assert.ok(finals.length > 0)
    for (const text of finals) assert.match(text, /^\d+(\.\d)? seconds\.$/)
  })

  test('a request that is cancelled closes its connection, and the next one is answered', async () => {
    await using here = await place()
    await using rig = await EngineRig.start({ program, model: here.model(), env: here.env })
    await writeFile(here.at('hold'), '')
    const job = await rig.start(transcribe('jfk.wav'), [here.at('jfk.wav')])
    await here.requests(1)
    job.cancel()
    const end = await job.end
    assert.ok(end.type === 'failed' && end.failure.reason === 'cancelled', JSON.stringify(end))
    assert.equal((await here.requests(2))[1], 'closed')
    await rm(here.at('hold'))
    const { body } = await rig.result(transcribe('jfk.wav'), [here.at('jfk.wav')])
    assert.match(String(body['text']), /seconds/)
  })

  test('kill -9 of the server in the middle of a job ends the engine, so that core tries the job again', async () => {
    await using here = await place()
    await using rig = await EngineRig.start({ program, model: here.model(), env: here.env })
    await writeFile(here.at('hold'), '')
    const job = await rig.start(transcribe('jfk.wav'), [here.at('jfk.wav')])
    await here.requests(1)
    const { pid } = await here.args()
    process.kill(pid, 'SIGKILL')
    const end = await job.end
    assert.equal(end.type, 'crashed', JSON.stringify(end))
    await rig.exited
    const last = rig.events.at(-1)
    assert.ok(last?.type === 'exited' && !last.asked && last.detail.includes('SIGKILL'), JSON.stringify(last))
  })

  test('kill -9 of the server under core: another attempt gives the one result', async () => {
    await using here = await place()
    await using core = await coreHome()
    const { files, settings } = here.model()
    const entry = { id: 'mine', kind: 'stt', path: files['model'], settings }
    const own = { schema: 1, models: [entry], defaults: { stt: 'mine' } }
    await writeFile(join(core.home, 'models.yaml'), JSON.stringify(own))
    await using running = new Spawned('services/core/main.ts', [], { ...core.env, ...here.env })
    await running.saw(/mine loaded in/)
    await writeFile(here.at('hold'), '')
    await using transcribing = core.transcribe(here.at('jfk.wav'), '--json')
    await here.requests(1)
    await rm(here.at('hold'))
    process.kill((await here.args()).pid, 'SIGKILL')
    assert.equal(await transcribing.ended(), 0, transcribing.stderr)
    const result = JSON.parse(transcribing.stdout) as { ok: boolean; text: string; model: string }
    assert.match(result.text, /seconds/)
    assert.equal(result.model, 'mine')
    await running.saw(/the engine of mine ended by itself/)
  })

  test('kill -9 of the engine takes its server along', async () => {
    await using here = await place()
    await using rig = await EngineRig.start({ program, model: here.model(), env: here.env })
    const server = identify((await here.args()).pid)
    assert.ok(server !== undefined)
    const spawned = rig.events.find(event => event.type === 'spawned')
    assert.ok(spawned !== undefined)
    process.kill(spawned.pid, 'SIGKILL')
    await rig.exited
    // The signal is sent; that it is gone takes the system a moment.
    while (isAlive(server)) await new Promise(setImmediate)
  })
})

const real = programPath('whisper-server', { env: process.env })
const skipReal = skip !== false ? skip : real === undefined ? 'whisper-server is not built here' : false

suite('whisper.cpp, the real program', { skip: skipReal }, () => {
  test('loads a model, answers, tells its memory, can be cancelled', async () => {
    await using here = await place()
    const theirs = { ...here.model(), settings: real === undefined ? {} : { program: real } }
    await using rig = await EngineRig.start({ program, model: theirs })
    assert.equal(rig.loadFailure, undefined)
    const { body } = await rig.result(transcribe('jfk.wav'), [here.at('jfk.wav')])
    // It has no weights, so it has no words.
    assert.equal(body['text'], '')
    assert.equal(body['audioSeconds'], speech.seconds)
    const memory = rig.events.findLast(event => event.type === 'memory')
    assert.ok((memory?.bytes ?? 0) > 50e6, JSON.stringify(memory))
    const job = await rig.start(transcribe('jfk.wav'), [here.at('jfk.wav')])
    job.cancel()
    const end = await job.end
    assert.ok(end.type === 'failed' && end.failure.reason === 'cancelled')
  })
})
