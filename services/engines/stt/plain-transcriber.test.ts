import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AudioMemory } from './audio-memory.ts'
import { Decoder } from './decoder.ts'
import { PlainTranscriber } from './plain-transcriber.ts'

const { signal } = new AbortController()
const margin = 4800

test('an utterance has what there is around it, and silence where there is nothing', async () => {
  const { transcriber, decoded } = listening(20_000)
  assert.equal(await transcriber.text(2000, 10_000, signal), 'words')
  const [samples] = decoded
  assert.deepEqual([samples?.[margin - 2001], samples?.[margin - 2000], samples?.at(-1)], [0, 1, 14_800])
  assert.equal(samples?.length, margin + 8000 + margin)
})

test('where speech was cut, no sample is in two texts', async () => {
  const { transcriber, decoded } = listening(40_000)
  const first = { start: 6000, end: 20_000 }
  await transcriber.text(first.start, first.end, signal, true)
  transcriber.keep({ ...first, text: 'words' })
  await transcriber.text(20_000, 30_000, signal)
  const [before = new Float32Array(), behind = new Float32Array()] = decoded
  assert.equal(Math.max(...before), 20_000)
  assert.equal(Math.min(...behind.filter(sample => sample > 0)), 20_001)
  // Silence in the place of the rest.
  assert.deepEqual([before.at(-1), behind[0], behind[margin]], [0, 0, 20_001])
})

test('what was dropped is not before what comes next', async () => {
  const { transcriber, decoded, audio } = listening(10_000)
  transcriber.forget()
  audio.push(Float32Array.from({ length: 10_000 }, () => 0.5))
  await transcriber.text(10_000, 20_000, signal)
  assert.ok(decoded[0]?.every(sample => sample === 0 || sample === 0.5))
})

test('what is too faint is not decoded, and signs alone are no text', async () => {
  const { transcriber, decoded, audio } = listening(0, '... !')
  audio.push(new Float32Array(10_000).fill(0.001))
  assert.equal(await transcriber.text(0, 10_000, signal), '')
  assert.equal(decoded.length, 0)
  audio.push(new Float32Array(10_000).fill(0.1))
  assert.equal(await transcriber.text(10_000, 20_000, signal), '')
  assert.equal(decoded.length, 1)
})

test('a decoder works on as many at once as it is said to take, live speech first', async () => {
  const begun: number[] = []
  const ends: (() => void)[] = []
  const recognise = async (samples: Float32Array): Promise<string> => {
    begun.push(samples.length)
    await new Promise<void>(resolve => ends.push(resolve))
    return String(samples.length)
  }
  const decoder = new Decoder(recognise, 2)
  const texts = ([1, 2, 3] as const).map(length => decoder.text(new Float32Array(length), 'file', signal))
  texts.push(decoder.text(new Float32Array(4), 'live', signal))
  assert.deepEqual(begun, [1, 2])
  ends.shift()?.()
  assert.equal(await texts[0], '1')
  await new Promise(resolve => setImmediate(resolve))
  while (ends.length > 0) {
    ends.shift()?.()
    await new Promise(resolve => setImmediate(resolve))
  }
  assert.deepEqual(await Promise.all(texts), ['1', '2', '3', '4'])
  assert.deepEqual(begun, [1, 2, 4, 3])
})

/** Audio whose samples are their numbers, from 1 on. */
function listening(length: number, text = 'words') {
  const audio = new AudioMemory(100_000)
  audio.push(Float32Array.from({ length }, (_, at) => at + 1))
  const decoded: Float32Array[] = []
  const decoder = new Decoder(async samples => {
    decoded.push(samples)
    return text
  })
  return { transcriber: new PlainTranscriber(decoder, 'live', audio), decoded, audio }
}
