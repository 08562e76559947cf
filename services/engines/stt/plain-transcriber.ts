import type { AudioMemory } from './audio-memory.ts'
import type { Decoder, Haste } from './decoder.ts'
import { sampleRate } from './sherpa-library.ts'
import type { Transcriber } from './transcriber.ts'

/** Of silence, or of what there is, around an utterance: most models lose a word that begins with the audio. */
const margin = 0.3 * sampleRate
/** Below it (-54 dB of full scale) there is nothing but the noise of a device. */
const faintest = 0.002

/** Decodes each utterance once, by itself: for models that are steady, or cost money or seconds. */
export class PlainTranscriber implements Transcriber {
  readonly #decoder: Decoder
  readonly #haste: Haste
  readonly #audio: AudioMemory

  constructor(decoder: Decoder, haste: Haste, audio: AudioMemory) {
    this.#decoder = decoder
    this.#haste = haste
    this.#audio = audio
  }

  async text(start: number, end: number, signal: AbortSignal): Promise<string> {
    if (!this.#audio.slice(start, end).some(sample => Math.abs(sample) >= faintest)) return ''
    const samples = this.#audio.slice(start - margin, end + margin)
    const text = await this.#decoder.text(samples, this.#haste, signal)
    return /[\p{L}\p{N}]/u.test(text) ? text : ''
  }

  keep(): void {}

  forget(): void {}
}
