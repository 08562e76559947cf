import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFile, symlink, truncate, writeFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { encodeFrame, encodeJsonFrame, readFrames } from '../../lib/frames.ts'
import { encodeWav, parseWav, wavHead, wavHeadBytes } from '../../lib/wav.ts'
import type { EngineModel, SttRequest } from '../../services/core/engine.ts'
import { segmentLineSchema, transcriptionSchema } from '../../services/portal/stt-request.ts'
import { engineContract } from '../support/engine-contract.ts'
import { EngineRig, type RigJob } from '../support/engine-rig.ts'
import { moonshineFiles, moonshineModel } from '../support/speech-models.ts'
import { haveSpeech, plainWords, speech } from '../support/speech.ts'
import { tempDir } from '../support/temp.ts'

const skip = haveSpeech() ? false : 'the speech models or the sample could not be fetched'
const program = 'services/engines/stt/moonshine.ts'
const haveFfmpeg = spawnSync('ffmpeg', ['-version']).status === 0
const skipFfmpeg = haveFfmpeg ? false : 'there is no ffmpeg on the PATH'

const transcribe = (file: string): SttRequest => ({ kind: 'transcribe', file })
const session: SttRequest = { kind: 'session', sampleRate: 16_000, endpointMs: 500 }

suite('Moonshine', { skip }, async () => {
  const dir = await tempDir()
  let rig: EngineRig
  before(async () => {
    rig = await EngineRig.start({ program, model: moonshineModel })
  })
  after(async () => {
    await rig[Symbol.asyncDispose]()
    await dir[Symbol.asyncDispose]()
  })
  const at = (name: string): string => join(dir.path, name)
  await writeFile(at('not.wav'), 'this is text')
  await writeFile(at('empty.wav'), '')
  const jfk = await readFile(speech.path)
  await writeFile(at('cut.wav'), jfk.subarray(0, 100_000))
  const parsed = parseWav(jfk)
  assert.ok(parsed.ok)
  const samples = parsed.wav.mono(0, parsed.wav.frames)
  const first = samples.subarray(0, 3 * 16_000)
  const clip = { path: at('clip.wav'), words: 'and so my fellow americans', seconds: 3 }
  await writeFile(clip.path, encodeWav(first, 16_000))
  await writeFile(at('no-tokens.txt'), 'x\ny\n')
  await writeFile(at('cut.onnx'), (await readFile(moonshineFiles.vad)).subarray(0, 100_000))
  // Whole from outside.
  const hollow = await readFile(moonshineFiles.encoder)
  await writeFile(at('hollow.onnx'), hollow.fill(0x5a, 4_000_000, 5_000_000))

  engineContract({
    program,
    model: moonshineModel,
    good: [
      {
        request: transcribe('clip.wav'),
        attachments: [clip.path],
        check: (body, lines) => asSpoken(body, lines, clip.words, clip.seconds),
      },
    ],
    bad: [
      { request: transcribe('nowhere.wav'), reason: 'bad_audio' },
      { request: { kind: 'embed', input: ['x'] }, reason: 'unsupported' },
    ],
    unloadable: [
      { model: withFile('vad', '/nowhere/vad.onnx'), reason: 'missing_files' },
      { model: withFile('vad', at('cut.onnx')), reason: 'bad_model' },
      { model: withFile('encoder', at('hollow.onnx')), reason: 'bad_model' },
      { model: withFile('decoder', at('not.wav')), reason: 'bad_model' },
      { model: withFile('tokens', at('no-tokens.txt')), reason: 'bad_model' },
      { model: { ...moonshineModel, files: {} }, reason: 'bad_model' },
    ],
    long: { request: session },
  })

  test('a recording that is none is told apart, by what it is', async () => {
    await using rig = await EngineRig.start({ program, model: moonshineModel, env: { PATH: dir.path } })
    const fault = async (name: string): Promise<unknown> => {
      const failure = await rig.failure(transcribe(name), [at(name)])
      return failure.reason === 'bad_audio' ? failure.fault : failure
    }
    assert.equal(await fault('empty.wav'), 'empty')
    assert.equal(await fault('cut.wav'), 'truncated')
    assert.equal(await fault('not.wav'), 'no_ffmpeg')
    const day = 24 * 3600 * 1000 * 2
    await writeFile(at('day.wav'), wavHead(day + 2, 1000))
    await truncate(at('day.wav'), wavHeadBytes + day + 2)
    assert.equal(await fault('day.wav'), 'too_long')
    await symlink(speech.path, at('link.wav'))
    const end = await rig.process.run(
      { job: 'link', request: transcribe('link.wav'), folder: dir.path, out: dir.path, socket: '' },
      { say: () => undefined, listening: () => undefined },
    )
    assert.deepEqual(end, {
      type: 'failed',
      job: 'link',
      failure: { reason: 'bad_audio', fault: 'missing' },
    })
  })

  test('each encoding of WAV has the same words; nothing, silence and noise have none', async () => {
    const text = async (name: string, bytes: Uint8Array): Promise<string> => {
      await writeFile(at(name), bytes)
      const { body } = await rig.result(transcribe(name), [at(name)])
      return plainWords(String(body['text']))
    }
    assert.equal(await text('extensible.wav', extensibleFloat(first)), clip.words)
    const open = encodeWav(first, 16_000)
    open.fill(0xff, 4, 8)
    open.fill(0xff, 40, 44)
    assert.equal(await text('streamed.wav', open), clip.words)
    assert.equal(await text('nothing.wav', encodeWav(new Float32Array(), 16_000)), '')
    assert.equal(await text('silence.wav', encodeWav(new Float32Array(48_000), 16_000)), '')
    const noise = Float32Array.from({ length: 16_000 }, (_, i) => 0.3 * Math.sin(i * i))
    assert.equal(await text('noise.wav', encodeWav(noise, 16_000)), '')
  })

  test('a recording of any length takes the same memory', async t => {
    await using rig = await EngineRig.start({ program, model: moonshineModel })
    const peak = (): number =>
      Math.max(...rig.events.map(event => (event.type === 'memory' ? event.bytes : 0)))
    const { body, lines } = await rig.result(transcribe('jfk.wav'), [speech.path])
    asSpoken(body, lines, speech.words, speech.seconds)
    assert.ok(lines.length >= 3)
    const before = peak()
    // Half a minute of nothing that takes no room on the disk: 64 channels of 48 kHz.
    const bytes = 30 * 48_000 * 64 * 2
    const head = wavHead(bytes, 48_000)
    head.writeUInt16LE(64, 22)
    await writeFile(at('long.wav'), head)
    await truncate(at('long.wav'), head.length + bytes)
    const end = await rig.process.run(
      { job: 'long', request: transcribe('long.wav'), folder: dir.path, out: dir.path, socket: '' },
      { say: () => undefined, listening: () => undefined },
    )
    assert.ok(end.type === 'done', JSON.stringify(end))
    assert.equal(end.body['audioSeconds'], 30)
    const grown = Math.round((peak() - before) / 1e6)
    t.diagnostic(`a file of ${bytes} bytes: ${grown} MB more than with one of ${jfk.length}`)
    // Of which a part is what the sample had not needed yet; the beats tell it once a second.
    assert.ok(grown < 150, `${grown} MB`)
  })

  test('sessions and files at once each get their own words, and a cancelled one leaves the rest alone', async () => {
    const sessions = await Promise.all([rig.start(session), rig.start(session)])
    const cancelled = await rig.start(session)
    const file = await rig.start(transcribe('clip.wav'), [clip.path])
    await cancelled.listening
    cancelled.cancel()
    const spoken = await Promise.all(sessions.map(job => speak(job, encodeWav(samples, 16_000).subarray(44))))
    for (const words of spoken) assert.equal(words, speech.words)
    const transcribed = await file.end
    assert.ok(transcribed.type === 'done')
    assert.equal(plainWords(String(transcribed.body['text'])), clip.words)
    const end = await cancelled.end
    assert.ok(end.type === 'failed' && end.failure.reason === 'cancelled')
    for (const job of sessions) {
      const end = await job.end
      assert.ok(end.type === 'done')
      assert.equal(end.body['audioSeconds'], 11)
    }
  })

  test('what ffmpeg reads is understood', { skip: skipFfmpeg }, async () => {
    for (const name of ['a.mp3', 'a.flac', 'a.ogg', 'a.m4a', 'a.webm']) {
      ffmpeg('-i', clip.path, '-ac', '2', '-ar', '48000', at(name))
      const { body } = await rig.result(transcribe(name), [at(name)])
      assert.equal(plainWords(String(body['text'])), clip.words, name)
      assert.ok(Math.abs(Number(body['audioSeconds']) - clip.seconds) < 0.1)
    }
    ffmpeg('-f', 'lavfi', '-i', 'testsrc=d=1', at('mute.webm'))
    for (const [name, fault] of [
      ['not.wav', 'unknown_format'],
      ['mute.webm', 'no_audio'],
    ] as const)
      assert.deepEqual(await rig.failure(transcribe(name), [at(name)]), { reason: 'bad_audio', fault })
  })

  test('a list that names other files or addresses opens none of them', { skip: skipFfmpeg }, async () => {
    let connections = 0
    await using server = createServer(socket => {
      connections++
      socket.destroy()
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as { port: number }
    const media = (url: string): string =>
      `#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n${url}\n#EXT-X-ENDLIST\n`
    const lists = {
      'file.m3u8': media(speech.path),
      'renamed.mp3': media(`file://${speech.path}`),
      'net.m3u8': media(`http://127.0.0.1:${port}/x.ts`),
      'list.ffconcat': `ffconcat version 1.0\nfile '${speech.path}'\n`,
      'list.sdp': `v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio ${port} RTP/AVP 0\n`,
      'list.mpd': `<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"><Period><AdaptationSet mimeType="audio/mp4"><Representation id="1"><BaseURL>http://127.0.0.1:${port}/a</BaseURL></Representation></AdaptationSet></Period></MPD>`,
    }
    for (const [name, text] of Object.entries(lists)) {
      await writeFile(at(name), text)
      const failure = await rig.failure(transcribe(name), [at(name)])
      assert.deepEqual(failure, { reason: 'bad_audio', fault: 'unknown_format' }, name)
    }
    assert.equal(connections, 0)
  })
})

/** Sends PCM16 through a session, in odd pieces; its words. */
async function speak(job: RigJob, pcm: Buffer): Promise<string> {
  await job.listening
  const socket = connect(job.socket)
  await once(socket, 'connect')
  for (let i = 0; i < pcm.length; i += 4801) socket.write(encodeFrame(0, pcm.subarray(i, i + 4801)))
  socket.write(encodeJsonFrame({ type: 'end' }))
  const texts: string[] = []
  for await (const { payload } of readFrames(socket)) {
    const event = JSON.parse(payload.toString('utf8')) as { type: string; text?: string }
    if (event.type === 'final') texts.push(event.text ?? '')
  }
  return plainWords(texts.join(' '))
}

function asSpoken(
  body: Readonly<Record<string, unknown>>,
  lines: readonly unknown[],
  words: string,
  seconds: number,
): void {
  const { text, segments, audioSeconds } = transcriptionSchema.parse({ ...body, model: 'moonshine-tiny' })
  assert.equal(plainWords(text), words)
  assert.equal(audioSeconds, seconds)
  assert.deepEqual(
    lines.map(line => segmentLineSchema.parse(line)),
    segments.map(segment => ({ type: 'segment', ...segment })),
  )
  for (const { start, end } of segments) assert.ok(start < end && end <= seconds)
}

function withFile(role: keyof typeof moonshineFiles, path: string): EngineModel {
  return { ...moonshineModel, files: { ...moonshineFiles, [role]: path } }
}

/** WAVE_FORMAT_EXTENSIBLE, two channels of 32 bit float, with a chunk before the samples. */
function extensibleFloat(mono: Float32Array): Buffer {
  const fmt = Buffer.alloc(48)
  fmt.write('fmt ', 0)
  fmt.writeUInt32LE(40, 4)
  fmt.writeUInt16LE(0xfffe, 8)
  fmt.writeUInt16LE(2, 10)
  fmt.writeUInt32LE(16_000, 12)
  fmt.writeUInt16LE(8, 20)
  fmt.writeUInt16LE(32, 22)
  fmt.writeUInt16LE(3, 32)
  const note = Buffer.from('LIST\x03\0\0\0abc\0', 'latin1')
  const data = Buffer.alloc(8 + mono.length * 8)
  data.write('data', 0)
  data.writeUInt32LE(mono.length * 8, 4)
  for (const [i, sample] of mono.entries()) {
    data.writeFloatLE(sample, 8 + i * 8)
    data.writeFloatLE(sample, 12 + i * 8)
  }
  const body = Buffer.concat([Buffer.from('WAVE'), fmt, note, data])
  const head = Buffer.from('RIFF\0\0\0\0')
  head.writeUInt32LE(body.length, 4)
  return Buffer.concat([head, body])
}

function ffmpeg(...args: string[]): void {
  const { status, stderr } = spawnSync('ffmpeg', ['-nostdin', '-v', 'error', '-y', ...args])
  assert.equal(status, 0, stderr.toString())
}
