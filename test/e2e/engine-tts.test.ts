import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { parseWav } from '../../lib/wav.ts'
import type { SpeechLine, Spoken, TtsRequest } from '../../services/core/engine.ts'
import { speechLineSchema, spokenSchema } from '../../services/portal/tts-request.ts'
import { engineContract } from '../support/engine-contract.ts'
import { EngineRig } from '../support/engine-rig.ts'
import { espeakFiles, espeakModel, haveEspeak } from '../support/speech-models.ts'
import { tempDir } from '../support/temp.ts'

const skip = haveEspeak() ? false : 'eSpeak NG (GPL, by consent only) is not in models/files/espeak-ng'
const program = 'services/engines/tts/espeak.ts'

function request(text: string, more: Partial<TtsRequest> = {}): TtsRequest {
  return { kind: 'speak', text, format: 'wav', stream: false, ...more }
}

suite('eSpeak', { skip }, () => {
  engineContract({
    program,
    model: espeakModel,
    good: [
      { request: request('Hello there.'), check: spoken },
      { request: request('Guten Tag.', { voice: 'de+f2', format: 'pcm16', stream: true }), check: spoken },
    ],
    bad: [
      { request: request('Hello.', { voice: 'klingon' }), reason: 'unsupported' },
      { request: request('Hello.', { voice: 'en-US+nobody' }), reason: 'unsupported' },
      { request: { kind: 'embed', input: ['x'] }, reason: 'unsupported' },
    ],
    unloadable: [
      { model: withFile('data', '/nowhere/espeak-ng.data'), reason: 'missing_files' },
      { model: withFile('data', import.meta.filename), reason: 'bad_model' },
      { model: withFile('module', join(import.meta.dirname, '../../package.json')), reason: 'bad_model' },
      { model: { ...espeakModel, files: {} }, reason: 'bad_model' },
      { model: { ...espeakModel, settings: { voice: 'klingon' } }, reason: 'bad_settings' },
    ],
    long: { request: request('And so on. '.repeat(5000), { stream: true }) },
  })

  test('the file and the stream are the same sound, sentence by sentence', async () => {
    await using rig = await EngineRig.start({ program, model: espeakModel })
    for (const format of ['wav', 'pcm16'] as const) {
      const text = 'The first one. And here, after a pause, comes the second one!'
      const { body, lines, out } = await rig.result(request(text, { stream: true, format }))
      const told = lines.map(line => speechLineSchema.parse(line))
      assert.deepEqual(
        told.flatMap(line => (line.type === 'sentence' ? [line.text] : [])),
        ['The first one.', 'And here, after a pause, comes the second one!'],
      )
      assert.equal(told[0]?.type, 'sentence')
      const file = await readFile(join(out, String(body['file'])))
      assert.deepEqual(pcmOf(told), format === 'wav' ? file.subarray(44) : file)
      for (const line of told)
        if (line.type === 'audio') assert.ok(Buffer.from(line.pcm, 'base64').length <= 2 * 22_050)
    }
  })

  test('speed makes it longer or shorter', async () => {
    await using rig = await EngineRig.start({ program, model: espeakModel })
    const seconds = async (speed?: number): Promise<number> => {
      const { body } = await rig.result(
        request('One two three four. Five six.', speed === undefined ? {} : { speed }),
      )
      return Number(body['audioSeconds'])
    }
    const [slow, usual, fast] = [await seconds(0.5), await seconds(), await seconds(2)]
    assert.ok(slow > usual * 1.5 && fast < usual * 0.7, `${slow} ${usual} ${fast}`)
  })

  test('a text without words, or of anything, has a result', async () => {
    await using rig = await EngineRig.start({ program, model: espeakModel })
    const seconds = async (text: string): Promise<number> => {
      const { body, lines, out } = await rig.result(request(text))
      spoken(body, lines)
      const parsed = parseWav(await readFile(join(out, 'speech.wav')))
      assert.ok(parsed.ok)
      assert.ok(Math.abs(parsed.wav.frames / parsed.wav.sampleRate - Number(body['audioSeconds'])) < 0.001)
      return Number(body['audioSeconds'])
    }
    for (const text of ['\u0000', ' ', '\u0007\u001b\n\n']) assert.equal(await seconds(text), 0)
    for (const text of ['...', '?!', '<speak>', '</', '&#0;', '[[x', '\ud800', '\u202e', '\u{10ffff}'])
      assert.ok((await seconds(text)) < 3, JSON.stringify(text))
    for (const text of ['😀', '日本語', 'привет', 'שלום', 'สวัสดี', '１２３', '9'.repeat(400), 'x'.repeat(400)])
      assert.ok((await seconds(text)) > 0.1, text)
  })

  test('long texts take turns with short ones', async () => {
    await using rig = await EngineRig.start({ program, model: espeakModel })
    const long = await rig.start(request('And so on and so on. '.repeat(3000), { stream: true }))
    await long.firstLine
    const { body } = await rig.result(request('Hello.', { voice: 'de' }))
    assert.equal(body['voice'], 'de')
    const before = performance.now()
    long.cancel()
    const end = await long.end
    assert.ok(end.type === 'failed' && end.failure.reason === 'cancelled')
    assert.ok(performance.now() - before < 3000)
  })

  test('a long text takes no more memory than a short one', async t => {
    await using rig = await EngineRig.start({ program, model: espeakModel })
    const peak = (): number =>
      Math.max(...rig.events.map(event => (event.type === 'memory' ? event.bytes : 0)))
    await rig.result(request('word, '.repeat(300)))
    const before = peak()
    const { body } = await rig.result(request('word, '.repeat(5000), { stream: true }))
    const grown = Math.round((peak() - before) / 1e6)
    t.diagnostic(`${String(body['audioSeconds'])} s of speech: ${grown} MB more than ${before} bytes`)
    // Its stream alone has 160 MB; what the heap grows by is the collector's business.
    assert.ok(grown < 130, `${grown} MB`)
  })

  test('the first sound comes early', async t => {
    await using rig = await EngineRig.start({ program, model: espeakModel })
    const text =
      'This is a sentence of some length, which has to be heard before it is at its end. And so on. '
    const { body } = await rig.result(request(text.repeat(20), { stream: true }))
    const { firstAudioMs, elapsedMs, audioSeconds } = body as unknown as Spoken
    t.diagnostic(`first audio ${firstAudioMs} ms, all ${elapsedMs} ms, ${audioSeconds} s of speech`)
    assert.ok(firstAudioMs < elapsedMs / 5)
  })

  test('its files may lie in a folder with an odd name', async () => {
    await using dir = await tempDir()
    const files = { module: join(dir.path, 'a #1?%.mjs'), data: join(dir.path, 'données') }
    await writeFile(files.module, await readFile(espeakFiles.module))
    await writeFile(files.data, await readFile(espeakFiles.data))
    await using rig = await EngineRig.start({ program, model: { ...espeakModel, files } })
    const { body, lines } = await rig.result(request('Hello.'))
    spoken(body, lines)
  })
})

function withFile(role: 'module' | 'data', path: string) {
  return { ...espeakModel, files: { ...espeakFiles, [role]: path } }
}

function spoken(body: Readonly<Record<string, unknown>>, _lines: readonly unknown[]): void {
  spokenSchema.parse({ ...body, model: 'espeak-ng' })
}

function pcmOf(lines: readonly SpeechLine[]): Buffer {
  return Buffer.concat(
    lines.map(line => (line.type === 'audio' ? Buffer.from(line.pcm, 'base64') : Buffer.of())),
  )
}
