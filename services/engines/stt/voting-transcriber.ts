import type { AudioMemory } from './audio-memory.ts'
import type { Decoder, Haste } from './decoder.ts'
import { isFaint, peakOf } from './loudness.ts'
import { sampleRate } from './sherpa-library.ts'
import type { Transcriber, Utterance } from './transcriber.ts'
import { longestEnding, medoid, textAfter, words } from './text-align.ts'

/** How audio is prepared before it is decoded: seconds around the utterance, its peak, and pre-emphasis of high tones. */
interface Cut {
  readonly before: number
  readonly after: number
  readonly peak: number
  readonly emphasis?: number
}

/**
 * Moonshine is chaotic in an utterance's last syllable: the same "Americans" becomes "America" by a shift of a few ms. This
 * cut is the best of 30 that were tried on 150 shifted, scaled and noisy copies of a recording (96 % of first utterances
 * right); a vote of three is better. Past full scale is no fault here.
 */
const usual: Cut = { before: 0.5, after: 0.5, peak: 1.8 }
const others: readonly Cut[] = [
  { before: 0.5, after: 0.5, peak: 1.8, emphasis: 0.3 },
  { before: 0.4, after: 0.4, peak: 1.8 },
]
/** It hears nothing in a lone short word with much silence about it. */
const tight: readonly Cut[] = [
  { before: 0, after: 0.1, peak: 0.3 },
  { before: 0.1, after: 0.1, peak: 0.3 },
  { before: 0.2, after: 0.1, peak: 0.3 },
  { before: 0, after: 0, peak: 0.9 },
]

/** Most that any cut takes around the utterance. */
const margin = 0.5 * sampleRate

/** Decoding costs about 20 ms a second of audio, and the limit for a final text is 300 ms. */
const contextSeconds = 13
const contextGapSeconds = 2
const voteSeconds = 4
const shortSeconds = 1.5

/**
 * Turns utterances of one stream into text. A short utterance alone is brittle, so it is decoded together with the ones
 * just before it, and its text is what follows theirs; what was said of those before stays as it was.
 */
export class VotingTranscriber implements Transcriber {
  readonly #decoder: Decoder
  readonly #haste: Haste
  readonly #audio: AudioMemory
  #said: Utterance[] = []

  constructor(decoder: Decoder, haste: Haste, audio: AudioMemory) {
    this.#decoder = decoder
    this.#haste = haste
    this.#audio = audio
  }

  /** Takes 60 to 300 ms of decoding. */
  async text(start: number, end: number, signal: AbortSignal): Promise<string> {
    if (isFaint(this.#audio.slice(start, end))) return ''
    const context = this.#contextOf(start, end)
    const from = Math.min(start, context[0]?.start ?? start) - margin
    const audio = this.#audio.copy(from, end + margin)
    const decode = (start: number, cut: Cut): Promise<string> =>
      this.#decoder.text(prepared(audio, start, end, cut), this.#haste, signal)
    const heard = (await inContext(context, decode)) ?? (await alone(start, end, decode))
    return words(heard).length === 0 ? '' : heard
  }

  /**
   * Also if the text is empty: words that were not understood now often are with the next
   * ones, and then belong to their text.
   */
  keep(said: Utterance): void {
    this.#said = [...this.#contextOf(said.start, said.end), said]
  }

  forget(): void {
    this.#said = []
  }

  #contextOf(start: number, end: number): Utterance[] {
    let next = start
    const context: Utterance[] = []
    for (const one of this.#said.toReversed()) {
      if (next - one.end > contextGapSeconds * sampleRate) break
      if (end - one.start > contextSeconds * sampleRate) break
      context.unshift(one)
      next = one.start
    }
    return context
  }
}

/** Decodes from a sample on, to the end of the utterance. */
type Decode = (start: number, cut: Cut) => Promise<string>

async function inContext(context: readonly Utterance[], decode: Decode): Promise<string | undefined> {
  const from = context[0]?.start
  if (from === undefined) return undefined
  const before = context
    .map(one => one.text)
    .join(' ')
    .trim()
  for (const cut of [usual, ...others]) {
    const text = textAfter(before, await decode(from, cut))
    if (text !== undefined && text !== '') return text
  }
  return undefined
}

async function alone(start: number, end: number, decode: Decode): Promise<string> {
  const first = await decode(start, usual)
  const seconds = (end - start) / sampleRate
  if (first === '' && seconds < shortSeconds) {
    for (const cut of tight) {
      const text = await decode(start, cut)
      if (words(text).length > 0) return text
    }
  }
  if (seconds > voteSeconds) return first
  const votes = [first]
  for (const cut of others) votes.push(await decode(start, cut))
  return longestEnding(medoid(votes), votes)
}

function prepared(audio: AudioMemory, start: number, end: number, cut: Cut): Float32Array {
  const { before, after, peak, emphasis = 0 } = cut
  const samples = audio.slice(start - before * sampleRate, end + after * sampleRate)
  for (let i = samples.length - 1; i > 0; i--)
    samples[i] = (samples[i] ?? 0) - emphasis * (samples[i - 1] ?? 0)
  const gain = peak / Math.max(peakOf(samples), 1e-4)
  return samples.map(sample => sample * gain)
}
