import { deepEqual, equal, notEqual, ok, throws } from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { suite, test } from 'node:test'
import { haveSpeech, speech } from '../../../test/support/speech.ts'
import { moonshineFiles } from '../../../test/support/speech-models.ts'
import { parseWav } from '../../../lib/wav.ts'
import { type Heard, Listener } from './listener.ts'
import { sampleRate } from './sherpa-library.ts'
import { giveVad, takeVad } from './vad-pool.ts'

const skip = haveSpeech() ? false : 'the model of voice activity or the sample could not be fetched'
const { vad: model } = moonshineFiles

suite('voice detectors', { skip }, () => {
  test('one that is given back is used by the next that needs the same, and by nobody else', () => {
    const kind = { model, silenceSeconds: 0.5, speechSeconds: 0.1 }
    const first = takeVad(kind)
    const second = takeVad(kind)
    notEqual(first, second)
    giveVad(first)
    const other = takeVad({ ...kind, silenceSeconds: 0.7 })
    notEqual(other, first)
    equal(takeVad(kind), first)
    giveVad(first)
    throws(() => giveVad(first))
    for (const vad of [second, other]) giveVad(vad)
  })

  test('one that was in the middle of something hears the next as a new one does', async () => {
    const parsed = parseWav(await readFile(speech.path))
    ok(parsed.ok)
    const samples = parsed.wav.mono(0, parsed.wav.frames)
    const fresh = await heardIn(samples)
    ok(fresh.length >= 6)
    // It ends in the middle of a word, and not at the end of one of the detector's windows.
    await heardIn(samples.subarray(0, 1.5 * sampleRate + 7))
    deepEqual(await heardIn(samples), fresh)
  })
})

async function heardIn(samples: Float32Array): Promise<Heard[]> {
  const transcriber = { text: async () => 'words', keep: () => undefined, forget: () => undefined }
  const { signal } = new AbortController()
  // A silence that no other test asks for.
  using listener = new Listener(
    { vad: model, transcriber: () => transcriber },
    { endpointMs: 480, haste: 'file', signal },
  )
  return [
    ...(await Array.fromAsync(listener.push(samples.slice(0, 8 * sampleRate)))),
    ...(await Array.fromAsync(listener.push(samples.slice(8 * sampleRate)))),
  ]
}
