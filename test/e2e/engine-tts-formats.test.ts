import { execa } from 'execa'
import { equal, match, ok } from 'node:assert/strict'
import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import type { EngineFailure, EngineModel, TtsRequest } from '../../services/core/engine.ts'
import { failureError } from '../../services/core/messages.ts'
import { EngineRig } from '../support/engine-rig.ts'
import { fakeProgram } from '../support/fake-program.ts'
import { FakeSpeechServer, samplesPerCharacter, speechRate } from '../support/fake-speech-server.ts'
import { tempDir } from '../support/temp.ts'

const program = 'services/engines/tts/remote.ts'
const tools = await Promise.all(
  ['ffmpeg', 'ffprobe'].map(tool => execa(tool, ['-version'], { reject: false })),
)
const skip = tools.every(({ exitCode }) => exitCode === 0) ? false : 'ffmpeg and ffprobe are not installed'

let fake: FakeSpeechServer
let model: EngineModel
before(async () => {
  fake = await FakeSpeechServer.start()
  model = { id: 'far', engine: 'remote', files: {}, settings: { url: fake.url, model: 'tts-1' } }
})
after(() => fake[Symbol.asyncDispose]())

suite('speech as MP3 and Opus', { skip }, () => {
  for (const [format, codec, sampleRate] of [
    ['mp3', 'mp3', '24000'],
    ['opus', 'opus', '48000'],
  ] as const)
    test(`${format}: one file that others read, of the length that is told`, async () => {
      await using rig = await EngineRig.start({ program, model })
      const { body, lines, out } = await rig.result(request(`${'x'.repeat(150)}. `.repeat(20), format, true))
      equal(body['file'], `speech.${format}`)
      const told = Number(body['audioSeconds'])
      ok(told > (20 * 150 * samplesPerCharacter) / speechRate)
      ok(lines.length > 20)
      const { streams, format: file } = await probe(join(out, `speech.${format}`))
      equal(streams.length, 1)
      const [stream] = streams
      equal(stream?.codec_name, codec)
      equal(stream?.channels, 1)
      equal(stream?.sample_rate, sampleRate)
      ok(Math.abs(Number(file.duration) - told) < 0.1, `${file.duration} ${told}`)
      const kilobits = (Number(file.size) * 8) / told / 1000
      ok(kilobits < 80, `${kilobits} kb/s`)
    })

  test('a text without words is a short silence', async () => {
    await using rig = await EngineRig.start({ program, model })
    for (const format of ['mp3', 'opus'] as const) {
      const { body, out } = await rig.result(request('\n', format))
      equal(body['audioSeconds'], 0)
      ok(Number((await probe(join(out, `speech.${format}`))).format.duration) < 0.2)
    }
  })

  test('a cancelled request leaves no file', async () => {
    await using rig = await EngineRig.start({ program, model })
    const job = await rig.start(request('And so on. '.repeat(3000), 'mp3', true))
    await job.firstLine
    job.cancel()
    const end = await job.end
    ok(end.type === 'failed' && end.failure.reason === 'cancelled')
    equal((await readdir(job.out)).length, 0)
  })
})

test('a request whose ffmpeg does not go on can be cancelled', async () => {
  await using dir = await tempDir()
  const path = await fakeProgram(dir.path, 'ffmpeg', 'exec /bin/sleep 600')
  await using rig = await EngineRig.start({ program, model, env: { PATH: path } })
  // More than a pipe holds: from the second sentence on nobody takes it.
  const job = await rig.start(request(`${'x'.repeat(180)}. `.repeat(20), 'opus', true))
  await job.firstLine
  job.cancel()
  const end = await job.end
  ok(end.type === 'failed' && end.failure.reason === 'cancelled', JSON.stringify(end))
})

test('without ffmpeg, or with one that fails, the reason is said, and no half file is left', async () => {
  await using dir = await tempDir()
  const at = async (name: string, script?: string): Promise<string> => {
    const folder = join(dir.path, name)
    await mkdir(folder)
    return script === undefined ? folder : fakeProgram(folder, 'ffmpeg', script)
  }
  const half = 'for file; do :; done; echo half >"${file#file:}"; '
  for (const [path, reason, words] of [
    [await at('none'), 'no_ffmpeg', /^Speech as mp3 needs ffmpeg[^]*apt install ffmpeg/],
    [await at('killed', `${half}kill -9 $$`), 'not_written', /speech\.mp3: ffmpeg: SIGKILL\.[^]*df -h/],
    [
      await at('full', `${half}/bin/cat >/dev/null; echo "speech.mp3: No space left on device" >&2; exit 1`),
      'not_written',
      /No space left on device \(exit code 1\)/,
    ],
    [await at('poor', `echo "Unknown encoder 'libmp3lame'" >&2; exit 1`), 'not_written', /libmp3lame/],
  ] as const) {
    await using rig = await EngineRig.start({ program, model, env: { PATH: path } })
    // More than a pipe holds, and less.
    for (const text of ['Hi.', `${'x'.repeat(150)}. `.repeat(20)]) {
      const job = await rig.start(request(text, 'mp3'))
      const end = await job.end
      ok(end.type === 'failed', JSON.stringify(end))
      equal(end.failure.reason, reason, JSON.stringify(end))
      match(wordsOf(end.failure), words)
      equal((await readdir(job.out)).length, 0)
    }
    equal((await rig.result(request('Hi.', 'wav'))).body['file'], 'speech.wav')
  }
})

function request(text: string, format: TtsRequest['format'], stream = false): TtsRequest {
  return { kind: 'speak', text, format, stream }
}

function wordsOf(failure: EngineFailure): string {
  const { message, todo } = failureError('far', failure)
  return `${message}\n${todo}`
}

interface Probed {
  readonly streams: readonly {
    readonly codec_name: string
    readonly channels: number
    readonly sample_rate: string
  }[]
  readonly format: { readonly duration: string; readonly size: string }
}

async function probe(path: string): Promise<Probed> {
  const { stdout } = await execa('ffprobe', [
    '-v',
    'error',
    '-show_streams',
    '-show_format',
    '-of',
    'json',
    path,
  ])
  return JSON.parse(stdout) as Probed
}
