import { sampleRate, vadWindow } from './sherpa-library.ts'

/** What the loudest sound becomes; the detection hears more in audio that is past full scale than in audio below it. */
const target = 1.6
/** The gain is never more than 80 (38 dB). Steady noise that is raised so far is still no speech to it. */
const quietest = target / 80
const fallSeconds = 5
const fall = Math.exp(-vadWindow / sampleRate / fallSeconds)

/**
 * Brings quiet speech to one level, window by window: the voice detection loses short words that are quieter than those
 * it was trained with. The gain follows the loudest sound of the last seconds: at once down, slowly up.
 */
export class Leveller {
  #peak = quietest
  #gain = target / quietest

  level(window: Float32Array): Float32Array {
    let peak = Math.max(this.#peak * fall, quietest)
    for (const sample of window) peak = Math.max(peak, Math.abs(sample))
    this.#peak = peak
    const from = this.#gain
    const to = target / peak
    this.#gain = to
    // A step within a window would be a click.
    const gain = (i: number) => from + ((to - from) * (i + 1)) / window.length
    return window.map((sample, i) => Math.max(-1, Math.min(1, sample * gain(i))))
  }
}
