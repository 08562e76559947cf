/** The last seconds of an endless run of samples, addressed by their number since its start. */
export class AudioMemory {
  readonly #ring: Float32Array
  #begin = 0
  #end = 0

  constructor(capacity: number) {
    this.#ring = new Float32Array(capacity)
  }

  /** The number of the next sample. */
  get end(): number {
    return this.#end
  }

  push(samples: Float32Array): void {
    const capacity = this.#ring.length
    const kept = samples.length > capacity ? samples.subarray(samples.length - capacity) : samples
    this.#end += samples.length - kept.length
    const at = this.#end % capacity
    const first = kept.subarray(0, capacity - at)
    this.#ring.set(first, at)
    this.#ring.set(kept.subarray(first.length), 0)
    this.#end += kept.length
  }

  /** Samples of this run alone, under their numbers, whatever comes later. */
  copy(from: number, to: number): AudioMemory {
    const samples = this.slice(from, to)
    const memory = new AudioMemory(Math.max(1, samples.length))
    memory.#end = Math.max(0, Math.floor(from), this.#end - this.#ring.length)
    memory.#begin = memory.#end
    memory.push(samples)
    return memory
  }

  /** A copy; what was forgotten or is not there yet is left out. */
  slice(from: number, to: number): Float32Array {
    const capacity = this.#ring.length
    const start = Math.max(this.#begin, Math.floor(from), this.#end - capacity)
    const stop = Math.min(this.#end, Math.floor(to))
    const copy = new Float32Array(Math.max(0, stop - start))
    if (copy.length === 0) return copy
    const at = start % capacity
    const first = this.#ring.subarray(at, Math.min(capacity, at + copy.length))
    copy.set(first, 0)
    copy.set(this.#ring.subarray(0, copy.length - first.length), first.length)
    return copy
  }
}
