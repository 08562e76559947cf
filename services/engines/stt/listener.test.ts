import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { parseWav } from '../../../lib/wav.ts'
import { haveSpeech, modelsDir, plainWords, speech } from '../../../test/support/speech.ts'
import { Listener } from './listener.ts'
import { newRecognizer, type Recognizer, sampleRate } from './sherpa.ts'

const skip = haveSpeech() ? false : 'the speech models or the sample could not be fetched'
const phrase = 'and so my fellow americans'
/** The first words, and their pause up to here. */
const pauseStart = 2.4 * sampleRate
const inPause = 2.75 * sampleRate

test('a text that was decoded in the pause is out at its end without more work', { skip }, async () => {
  const { listener, decoded, samples } = await listening()
  assert.deepEqual(typesOf(listener.push(samples.subarray(0, inPause))), ['started'])
  assert.ok(listener.pausing)
  listener.anticipate()
  assert.ok(!listener.pausing)
  const before = decoded()
  assert.ok(before > 0)
  const heard = [...listener.push(new Float32Array(sampleRate / 2))]
  assert.deepEqual(typesOf(heard), ['stopped', 'heard'])
  assert.equal(plainWords(heard.map(one => ('text' in one ? one.text : '')).join('')), phrase)
  assert.equal(decoded(), before)
})

test('where speech goes on, what was decoded in its pause is dropped', { skip }, async () => {
  const { listener, decoded, samples } = await listening()
  for (const _ of listener.push(samples.subarray(0, inPause)));
  listener.anticipate()
  // The same words again: they end what would have been the utterance's silence.
  for (const _ of listener.push(samples.subarray(0.3 * sampleRate, pauseStart)));
  const before = decoded()
  const heard = [...listener.push(new Float32Array(sampleRate))]
  assert.equal(plainWords(heard.map(one => ('text' in one ? one.text : '')).join('')), `${phrase} ${phrase}`)
  assert.ok(decoded() > before)
})

test('without a pause there is nothing to anticipate', { skip }, async () => {
  const { listener, decoded, samples } = await listening()
  listener.anticipate()
  for (const _ of listener.push(samples.subarray(0, 1.5 * sampleRate)));
  listener.anticipate()
  assert.equal(decoded(), 0)
})

async function listening() {
  const recognizer = newRecognizer(modelsDir, 1)
  let count = 0
  const counting: Recognizer = {
    createStream: () => recognizer.createStream(),
    decode: stream => {
      count++
      recognizer.decode(stream)
    },
    getResult: stream => recognizer.getResult(stream),
  }
  const parsed = parseWav(await readFile(speech.path))
  assert.ok(parsed.ok)
  return {
    listener: new Listener(modelsDir, counting, 500),
    decoded: () => count,
    samples: parsed.wav.mono(0, parsed.wav.frames),
  }
}

function typesOf(heard: Iterable<{ type: string }>): string[] {
  return Array.from(heard, one => one.type)
}
