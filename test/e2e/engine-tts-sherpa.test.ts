import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { copyFile, mkdir, readFile, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, suite, test } from 'node:test'
import { parseWav } from '../../lib/wav.ts'
import type { EngineModel, TtsRequest } from '../../services/core/engine.ts'
import { speechLineSchema, spokenSchema } from '../../services/portal/tts-request.ts'
import { engineContract } from '../support/engine-contract.ts'
import { EngineRig } from '../support/engine-rig.ts'
import { haveEspeak, moonshineFiles } from '../support/speech-models.ts'
import { tempDir } from '../support/temp.ts'
import { espeakData, pitchOf, toneVoice, type ToneVoice } from '../support/voice-model.ts'

const skip = haveEspeak() ? false : 'eSpeak NG (GPL, by consent only) is not in models/files/espeak-ng'
const program = 'services/engines/tts/sherpa.ts'

/** MB, from a shorter text to a longer one. */
const mostGrown = 60

const dir = await tempDir()
after(() => dir[Symbol.asyncDispose]())
const data = skip === false ? await espeakData(join(dir.path, 'espeak-ng-data')) : ''
let made = 0
const voiceOf = (voice: ToneVoice): Promise<EngineModel> =>
  toneVoice(join(dir.path, `voice-${++made}`), data, voice)

const piper = await voiceOf({ family: 'piper', names: ['0', '1', '2'] })
const kokoro = await voiceOf({ family: 'kokoro', names: ['af', 'af_bella', 'bm_lewis'] })
const kitten = await voiceOf({ family: 'kitten', names: ['expr-voice-2-m', 'expr-voice-2-f'] })

suite('Piper through sherpa-onnx', { skip }, () => {
  engineContract({
    program,
    model: piper,
    against: 'a voice without weights',
    good: [
      { request: request('Hello there.'), check: spoken },
      { request: request('And again.', { voice: '2', format: 'pcm16', stream: true }), check: spoken },
    ],
    bad: [
      { request: request('Hello.', { voice: '3' }), reason: 'unsupported' },
      { request: request('Hello.', { voice: 'af' }), reason: 'unsupported' },
      { request: { kind: 'embed', input: ['x'] }, reason: 'unsupported' },
    ],
    unloadable: [
      { model: withFiles(piper, { model: '/nowhere/voice.onnx' }), reason: 'missing_files' },
      { model: withFiles(piper, { data: '/nowhere/espeak-ng-data' }), reason: 'missing_files' },
      { model: withFiles(piper, { data: dir.path }), reason: 'bad_model' },
      { model: withFiles(piper, { model: moonshineFiles.vad }), reason: 'bad_model' },
      { model: withFiles(piper, { model: kokoro.files['model']! }), reason: 'bad_model' },
      { model: withFiles(piper, { tokens: moonshineFiles.tokens }), reason: 'bad_model' },
      { model: { ...piper, files: {} }, reason: 'bad_model' },
      { model: { ...piper, settings: { family: 'vits' } }, reason: 'bad_settings' },
      { model: { ...piper, settings: { family: 'piper', voice: 'nobody' } }, reason: 'bad_settings' },
    ],
    long: { request: request('And so on and so on. '.repeat(5000), { stream: true }) },
  })

  test('a voice is its number, and the one of the settings is the usual one', async () => {
    await using rig = await EngineRig.start({ program, model: piper })
    deepEqual(rig.loaded.facts, { voice: '0', voices: ['0', '1', '2'], sampleRate: 22_050 })
    for (const at of [0, 1, 2])
      equal(await pitch(rig, request('Hello there.', { voice: `${at}` })), pitchOf(at))
    // What it is stands in its file.
    await using usual = await EngineRig.start({ program, model: { ...piper, settings: { voice: '1' } } })
    equal(await pitch(usual, request('Hello there.')), pitchOf(1))
  })

  test('the file and the stream are the same sound, sentence by sentence', async () => {
    await using rig = await EngineRig.start({ program, model: piper })
    const text = 'The first one. And here, after a pause, comes the second one!'
    const { lines, out } = await rig.result(request(text, { stream: true }))
    const told = lines.map(line => speechLineSchema.parse(line))
    deepEqual(
      told.flatMap(line => (line.type === 'sentence' ? [line.text] : [])),
      ['The first one.', 'And here, after a pause, comes the second one!'],
    )
    const pcm = told.flatMap(line => (line.type === 'audio' ? [Buffer.from(line.pcm, 'base64')] : []))
    ok(Buffer.concat(pcm).equals((await readFile(join(out, 'speech.wav'))).subarray(44)))
    for (const piece of pcm) ok(piece.length <= 2 * 22_050)
  })

  test('a text without words, or of anything, has a result', async () => {
    await using rig = await EngineRig.start({ program, model: piper })
    for (const text of [' ', '...', '—', '?!', '(((', '\u202e', '\u0007\u001b\n\n'])
      equal(await seconds(rig, request(text)), 0, JSON.stringify(text))
    for (const text of [
      '😀',
      '日本語',
      'привет',
      '１２３',
      '9'.repeat(400),
      'x'.repeat(400),
      '$ % ^ _',
      '<a>',
    ])
      ok((await seconds(rig, request(text))) > 0.1, text)
  })

  test('long texts take turns with short ones, and end within a sentence', async () => {
    await using rig = await EngineRig.start({ program, model: piper })
    const long = await rig.start(request('And so on and so on. '.repeat(9000), { stream: true }))
    await long.firstLine
    ok((await seconds(rig, request('Hello.'))) > 0.1)
    long.cancel()
    const end = await long.end
    ok(end.type === 'failed' && end.failure.reason === 'cancelled')
    const sentences = long.lines.filter(line => speechLineSchema.parse(line).type === 'sentence').length
    ok(sentences < 9000, `${sentences}`)
    ok((await seconds(rig, request('Hello.'))) > 0.1)
  })

  test('a text of any length takes no more memory than a shorter one', async t => {
    await using rig = await EngineRig.start({ program, model: piper })
    const peak = (): number =>
      Math.max(...rig.events.map(event => (event.type === 'memory' ? event.bytes : 0)))
    // The library keeps what it once had.
    await rig.result(request('word, '.repeat(1500)))
    const before = peak()
    // All of it is spoken: its samples alone would be more than the limit.
    const { body } = await rig.result(request('word, '.repeat(6000)))
    const grown = Math.round((peak() - before) / 1e6)
    const samples = Math.round((Number(body['audioSeconds']) * 22_050 * 4) / 1e6)
    t.diagnostic(`${samples} MB of samples: ${grown} MB more than ${Math.round(before / 1e6)} MB`)
    ok(samples > 2 * mostGrown, `${samples} MB`)
    ok(grown < mostGrown, `${grown} MB`)
  })
})

suite('Kokoro and Kitten through sherpa-onnx', { skip }, () => {
  for (const [model, names] of [
    [kokoro, ['af', 'af_bella', 'bm_lewis']],
    [kitten, ['expr-voice-2-m', 'expr-voice-2-f']],
  ] as const)
    test(`speak with the voices that ${String(model.settings['family'])} names in its file`, async () => {
      await using rig = await EngineRig.start({ program, model })
      deepEqual(rig.loaded.facts, { voice: names[0], voices: names, sampleRate: 24_000 })
      for (const [at, voice] of names.entries()) {
        equal(await pitch(rig, request('Hello there.', { voice })), pitchOf(at))
        equal(await pitch(rig, request('Hello there.', { voice: voice.toUpperCase() })), pitchOf(at))
        equal(await pitch(rig, request('Hello there.', { voice: `${at}` })), pitchOf(at))
      }
      const [slow, fast] = [0.5, 2].map(speed => seconds(rig, request('Hello there, you all.', { speed })))
      ok((await slow!) > 3.5 * (await fast!))
    })

  test('Kokoro, which is slow, is given a long sentence in parts, and Piper is given it whole', async () => {
    const text = `${'and so on and so forth '.repeat(8).trim()}.`
    for (const [model, most] of [
      [kokoro, 80],
      [piper, 200],
    ] as const) {
      await using rig = await EngineRig.start({ program, model })
      const { lines } = await rig.result(request(text, { stream: true }))
      const parts = lines.map(line => speechLineSchema.parse(line)).filter(line => line.type === 'sentence')
      equal(parts.map(part => part.text).join(' '), text)
      equal(parts.length, Math.ceil(text.length / most))
      ok(parts.every(part => part.text.length <= most))
    }
  })

  test('Kokoro 1.0 speaks the language of its voice; Chinese it has no words for', async () => {
    const model = await voiceOf({ family: 'kokoro', names: ['af_heart', 'ef_dora'], version: 2 })
    await using rig = await EngineRig.start({ program, model })
    const text = 'Veinticinco lechugas.'
    ok((await seconds(rig, request(text, { voice: 'ef_dora' }))) !== (await seconds(rig, request(text))))
    equal(await seconds(rig, request('日本語')), 0)
  })

  test('a model that fails at its work ends the engine with words, and does not hang', async () => {
    // As many floats as it says, but not as many as its graph takes.
    const more = { n_speakers: 2, style_dim: '1,2' }
    const model = await voiceOf({ family: 'kitten', names: ['a'], more })
    await using rig = await EngineRig.start({ program, model })
    const last = rig.events.at(-1)
    ok(last?.type === 'exited' && !last.asked, JSON.stringify(rig.events))
    match(last.detail, /invalid dimensions for input: style/)
  })

  test('a model that the library would end the process for, is refused', async () => {
    const cases: readonly (readonly [EngineModel | Promise<EngineModel>, RegExp])[] = [
      [voiceOf({ family: 'kokoro', names: ['a'], more: { style_dim: '510,2,4' } }), /style_dim/],
      [voiceOf({ family: 'kokoro', names: ['a'], more: { style_dim: 'x' } }), /style_dim/],
      [voiceOf({ family: 'kokoro', names: ['a'], more: { n_speakers: 2 } }), /bytes, and 2 voices have/],
      [voiceOf({ family: 'kokoro', names: ['a'], more: { sample_rate: undefined } }), /sample_rate/],
      [voiceOf({ family: 'kitten', names: ['a'], more: { n_speakers: 'many' } }), /n_speakers/],
      [voiceOf({ family: 'piper', names: ['a'], more: { has_espeak: 0 } }), /front end/],
      [voiceOf({ family: 'piper', names: ['a'], more: { language: undefined } }), /metadata/],
      [voiceOf({ family: 'piper', names: ['a'], more: { voice: 'xx-nowhere' } }), /says nothing/],
      [{ ...kokoro, settings: { family: 'kitten' } }, /is a kokoro voice, and not a kitten one/],
      [{ ...kitten, settings: { family: 'piper' } }, /is a kitten voice/],
      [cut(kokoro, 'voices', -4), /bytes, and 3 voices have/],
      [cut(kokoro, 'model', -1), /not a whole ONNX/],
      [cut(kokoro, 'tokens', 4), /tokens/],
      [withTokens(kokoro, 'a 1\na 2\n  3\n'), /tokens/],
      [withTokens(kokoro, 'ab 1\n  3\n'), /tokens/],
      [withTokens(kokoro, Buffer.from([0x20, 0x20, 0x33, 0x0a, 0xff, 0x20, 0x31])), /tokens/],
      [withTokens(kokoro, 'a 1\n'), /tokens/],
      [oddData(kokoro, 'phondata'), /another version/],
      [oddData(kokoro, 'phontab', Buffer.alloc(0)), /lacks phontab/],
    ]
    for (const [wanted, why] of cases) {
      const model = await wanted
      await using rig = await EngineRig.start({ program, model })
      const failure = rig.loadFailure
      ok(failure?.reason === 'bad_model' && why.test(failure.detail), `${why}: ${JSON.stringify(rig.events)}`)
    }
  })
})

function request(text: string, more: Partial<TtsRequest> = {}): TtsRequest {
  return { kind: 'speak', text, format: 'wav', stream: false, ...more }
}

function spoken(body: Readonly<Record<string, unknown>>): void {
  ok(spokenSchema.parse({ ...body, model: 'tone' }).audioSeconds > 0.1)
}

async function seconds(rig: EngineRig, wanted: TtsRequest): Promise<number> {
  const { body } = await rig.result(wanted)
  return spokenSchema.parse({ ...body, model: 'tone' }).audioSeconds
}

/** Hz, to the nearest 100: how often the sound goes up through zero. */
async function pitch(rig: EngineRig, wanted: TtsRequest): Promise<number> {
  const { out } = await rig.result(wanted)
  const parsed = parseWav(await readFile(join(out, 'speech.wav')))
  ok(parsed.ok)
  const { frames, sampleRate } = parsed.wav
  const samples = parsed.wav.mono(0, frames)
  let ups = 0
  for (let i = 1; i < frames; i++) if (samples[i - 1]! < 0 && samples[i]! >= 0) ups++
  return Math.round((ups * sampleRate) / frames / 100) * 100
}

function withFiles(model: EngineModel, files: Readonly<Record<string, string>>): EngineModel {
  return { ...model, files: { ...model.files, ...files } }
}

/** The same with a file that is shorter, or so long. */
async function cut(model: EngineModel, role: string, length: number): Promise<EngineModel> {
  const path = join(dir.path, `cut-${++made}`)
  await copyFile(model.files[role]!, path)
  const whole = (await readFile(path)).length
  await truncate(path, length < 0 ? whole + length : length)
  return withFiles(model, { [role]: path })
}

async function withTokens(model: EngineModel, content: string | Buffer): Promise<EngineModel> {
  const path = join(dir.path, `tokens-${++made}`)
  await writeFile(path, content)
  return withFiles(model, { tokens: path })
}

/** With another file in the place of one of eSpeak's. */
async function oddData(model: EngineModel, name: string, content?: Buffer): Promise<EngineModel> {
  const folder = join(dir.path, `data-${++made}`)
  await mkdir(folder)
  for (const one of ['phontab', 'phonindex', 'phondata', 'intonations'])
    await copyFile(join(data, one), join(folder, one))
  await writeFile(join(folder, name), content ?? (await readFile(import.meta.filename)))
  return withFiles(model, { data: folder })
}
