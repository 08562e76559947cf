import type { AudioMemory } from './audio-memory.ts'
import type { Decoder, Haste } from './decoder.ts'
import { isFaint } from './loudness.ts'
import { sampleRate } from './sherpa-library.ts'
import type { Transcriber, Utterance } from './transcriber.ts'

/** Of silence, or of what there is, around an utterance: most models lose a word that begins with the audio. */
const margin = 0.3 * sampleRate

/** Decodes each utterance once, by itself: for models that are steady, or cost money or seconds. */
export class PlainTranscriber implements Transcriber {
  readonly #decoder: Decoder
  readonly #haste: Haste
  readonly #audio: AudioMemory
  /** Up to here the audio is in a text already. */
  #said = 0

  readonly isCostly: boolean

  constructor(decoder: Decoder, haste: Haste, audio: AudioMemory, isCostly = false) {
    this.#decoder = decoder
    this.#haste = haste
    this.#audio = audio
    this.isCostly = isCostly
  }

  async text(start: number, end: number, signal: AbortSignal, goesOn = false): Promise<string> {
    if (isFaint(this.#audio.slice(start, end))) return ''
    const before = this.#audio.slice(Math.max(start - margin, this.#said), start)
    const spoken = this.#audio.slice(start, goesOn ? end : end + margin)
    const samples = new Float32Array(margin + spoken.length + (goesOn ? margin : 0))
    samples.set(before, margin - before.length)
    samples.set(spoken, margin)
    return wordsOrNothing(await this.#decoder.text(samples, this.#haste, signal))
  }

  keep({ end }: Utterance): void {
    this.#said = end
  }

  forget(): void {
    this.#said = this.#audio.end
  }
}

/** Signs alone are what models make of a noise. */
export function wordsOrNothing(text: string): string {
  return /[\p{L}\p{N}]/u.test(text) ? text : ''
}
