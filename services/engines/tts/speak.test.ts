import { deepEqual, equal, ok, rejects } from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { tempDir } from '../../../test/support/temp.ts'
import { EngineError, type EngineJob, type TtsRequest } from '../../core/engine.ts'
import { speak, type Speaking } from './speak.ts'

const rate = 8000

test('a text that begins with signs has the sample rate of its first sound, in the file and the stream', async () => {
  await using dir = await tempDir()
  const { job, lines } = jobIn(dir.path)
  const spoken = await speak(request('*** !\n\nOne.\n\n...\n\nTwo.'), speaking(), job, {})
  deepEqual([spoken.sampleRate, spoken.sentences], [rate, 4])
  const wav = await readFile(join(dir.path, 'speech.wav'))
  equal(wav.readUInt32LE(24), rate)
  deepEqual(
    lines.flatMap(line => (line.type === 'sentence' ? [[line.text, line.sampleRate]] : [])),
    ['*** !', 'One.', '...', 'Two.'].map(text => [text, rate]),
  )
})

test('a text in which nobody says anything has the rate that such a voice has usually', async () => {
  await using dir = await tempDir()
  const { job, lines } = jobIn(dir.path)
  const spoken = await speak(request('*** !'), speaking(), job, {})
  deepEqual([spoken.sampleRate, spoken.audioSeconds], [24_000, 0])
  equal((await readFile(join(dir.path, 'speech.wav'))).readUInt32LE(24), 24_000)
  deepEqual(lines, [{ type: 'sentence', text: '*** !', sampleRate: 24_000 }])
})

test('without ffmpeg nothing is made that it would be needed for', async () => {
  await using dir = await tempDir()
  const { job, lines } = jobIn(dir.path)
  let made = 0
  const counting = { ...speaking(), synthesize: () => void made++ }
  for (const format of ['mp3', 'opus'] as const) {
    await rejects(
      speak({ ...request('One.'), format }, counting, job, { PATH: dir.path }),
      error => error instanceof EngineError && error.failure.reason === 'no_ffmpeg',
    )
  }
  deepEqual([made, lines, await readdir(dir.path)], [0, [], []])
})

test('a voice that says how much it takes at once is given no more', async () => {
  await using dir = await tempDir()
  const given: string[] = []
  const voice = speaking(text => void given.push(text))
  await speak(request('and so on '.repeat(50)), { ...voice, longest: 60 }, jobIn(dir.path).job, {})
  ok(given.length > 8 && given.every(text => text.length <= 60), JSON.stringify(given))
})

/** A second of sound for each sentence with a letter. */
function speaking(onText: (text: string) => void = () => undefined): Speaking {
  return {
    voice: 'test',
    sampleRate: 24_000,
    synthesize: (text, take) => {
      onText(text)
      if (/\p{L}/u.test(text)) take(new Int16Array(rate).fill(1000), rate)
    },
  }
}

function request(text: string): TtsRequest {
  return { kind: 'speak', text, format: 'wav', stream: true }
}

function jobIn(out: string) {
  const lines: { type: string; text?: string; sampleRate?: number }[] = []
  const job: EngineJob = {
    request: request('x'),
    folder: out,
    out,
    socket: '',
    signal: new AbortController().signal,
    say: line => void lines.push(line as (typeof lines)[number]),
    heard: async () => {},
    listening: () => undefined,
  }
  return { job, lines }
}
