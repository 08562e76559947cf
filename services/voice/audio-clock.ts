/** Remembers when each stretch of audio arrived, so that a delay can be told from the moment its sound came in. */
export class AudioClock {
  /** Audio up to `untilMs` was here at wall time `at`. */
  #marks: { untilMs: number; at: number }[] = []
  #totalMs = 0

  get totalMs(): number {
    return this.#totalMs
  }

  add(durationMs: number, now: number): void {
    this.#totalMs += durationMs
    this.#marks.push({ untilMs: this.#totalMs, at: now })
    // An utterance is far shorter than what 8192 appends hold; older marks are of no use.
    if (this.#marks.length > 8192) this.#marks.splice(0, 4096)
  }

  /** The wall time at which the audio at `ms` was here; undefined if that audio has not come. */
  arrivalOf(ms: number): number | undefined {
    return this.#marks.find(mark => mark.untilMs >= ms)?.at
  }
}
