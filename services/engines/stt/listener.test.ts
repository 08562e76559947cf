import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { parseWav } from '../../../lib/wav.ts'
import { haveSpeech, plainWords, speech } from '../../../test/support/speech.ts'
import { moonshineFiles } from '../../../test/support/speech-models.ts'
import { Decoder } from './decoder.ts'
import { type Heard, Listener, type Speech } from './listener.ts'
import { newRecognizer, type Recognizer, recogniseBy, sampleRate } from './sherpa-library.ts'
import { VotingTranscriber } from './voting-transcriber.ts'

const skip = haveSpeech() ? false : 'the speech models or the sample could not be fetched'
const phrase = 'and so my fellow americans'
/** The first words, and their pause up to here. */
const pauseStart = 2.4 * sampleRate
const inPause = 2.75 * sampleRate

test('a text that was decoded in the pause is out at its end without more work', { skip }, async () => {
  const { listener, decoded, samples } = await listening()
  assert.deepEqual(typesOf(await all(listener.push(samples.subarray(0, inPause)))), ['started'])
  assert.ok(listener.pausing)
  await listener.anticipate()
  assert.ok(!listener.pausing)
  const before = decoded()
  assert.ok(before > 0)
  const heard = await all(listener.push(new Float32Array(sampleRate / 2)))
  assert.deepEqual(typesOf(heard), ['stopped', 'heard'])
  assert.equal(textOf(heard), phrase)
  assert.equal(decoded(), before)
})

test('an utterance that ends while its pause is being decoded gets that text', { skip }, async () => {
  const { listener, decoded, samples } = await listening()
  await all(listener.push(samples.subarray(0, inPause)))
  const anticipated = listener.anticipate()
  assert.equal(textOf(await all(listener.push(new Float32Array(sampleRate / 2)))), phrase)
  const before = decoded()
  await anticipated
  assert.equal(decoded(), before)
})

test('where speech goes on, what was decoded in its pause is dropped', { skip }, async () => {
  for (const wait of [true, false]) {
    const { listener, decoded, samples } = await listening()
    await all(listener.push(samples.subarray(0, inPause)))
    const anticipated = listener.anticipate()
    if (wait) await anticipated
    // The same words again: they end what would have been the utterance's silence.
    await all(listener.push(samples.subarray(0.3 * sampleRate, pauseStart)))
    const before = decoded()
    const heard = await all(listener.push(new Float32Array(sampleRate)))
    assert.equal(textOf(heard), `${phrase} ${phrase}`)
    assert.ok(decoded() > before)
    await anticipated
  }
})

test('without a pause there is nothing to anticipate', { skip }, async () => {
  const { listener, decoded, samples } = await listening()
  await listener.anticipate()
  await all(listener.push(samples.subarray(0, 1.5 * sampleRate)))
  await listener.anticipate()
  assert.equal(decoded(), 0)
})

async function listening() {
  const { encoder, decoder: mergedDecoder, tokens } = moonshineFiles
  const recognizer = await newRecognizer({ moonshine: { encoder, mergedDecoder }, tokens }, 1)
  let count = 0
  const counting: Recognizer = {
    createStream: () => recognizer.createStream(),
    decodeAsync: stream => {
      count++
      return recognizer.decodeAsync(stream)
    },
  }
  const parsed = parseWav(await readFile(speech.path))
  assert.ok(parsed.ok)
  const decoder = new Decoder(recogniseBy(counting))
  const speaking: Speech = {
    vad: moonshineFiles.vad,
    transcriber: (haste, audio) => new VotingTranscriber(decoder, haste, audio),
  }
  const { signal } = new AbortController()
  return {
    listener: new Listener(speaking, { endpointMs: 500, haste: 'live', signal }),
    decoded: () => count,
    samples: parsed.wav.mono(0, parsed.wav.frames),
  }
}

async function all(events: AsyncIterable<Heard>): Promise<Heard[]> {
  return Array.fromAsync(events)
}

function typesOf(heard: readonly Heard[]): string[] {
  return heard.map(one => one.type)
}

function textOf(heard: readonly Heard[]): string {
  return plainWords(heard.map(one => (one.type === 'heard' ? one.text : '')).join(''))
}
