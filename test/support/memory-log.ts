import type { LogSource } from '../../runner/console/builtin/pane/line-finder.ts'

/** A log without files, for tests; `append` tells when. */
export class MemoryLog implements LogSource {
  start = 0
  #bytes: Buffer
  /** Offsets from which on something was written, and when. */
  readonly #times: { readonly offset: number; readonly time: number }[] = []

  constructor(text = '', time = 0) {
    this.#bytes = Buffer.alloc(0)
    if (text !== '') this.append(text, time)
  }

  get end(): number {
    return this.#bytes.length
  }

  append(text: string, time = 0): void {
    this.#times.push({ offset: this.end, time })
    this.#bytes = Buffer.concat([this.#bytes, Buffer.from(text)])
  }

  refresh(): void {
    // It is all here.
  }

  read(offset: number, length: number): Buffer {
    const from = Math.max(offset, this.start)
    return this.#bytes.subarray(from, from + length)
  }

  timeAt(offset: number): number | undefined {
    return this.#times.findLast(entry => entry.offset <= offset)?.time
  }

  offsetAt(time: number): number {
    return this.#times.find(entry => entry.time >= time)?.offset ?? this.end
  }
}
