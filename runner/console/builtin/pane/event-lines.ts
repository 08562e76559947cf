import type { Line } from './line-finder.ts'

/** The latest lines that the supervisor said, numbered from 0: looks to a History like one more log. */
export class EventLines {
  #lines: { readonly time: number; readonly bytes: Uint8Array }[] = []
  #dropped = 0

  add(time: number, text: string): void {
    // Times must not fall, or the order of the merged lines would depend on the direction.
    const last = this.#lines.at(-1)?.time ?? 0
    this.#lines.push({ time: Math.max(time, last), bytes: Buffer.from(`${text.replace(/\r?\n$/, '')}\n`) })
    if (this.#lines.length < 2 * most) return
    this.#dropped += this.#lines.length - most
    this.#lines = this.#lines.slice(-most)
  }

  refresh(): void {
    // They are all here.
  }

  get start(): number {
    return this.#dropped
  }

  get end(): number {
    return this.#dropped + this.#lines.length
  }

  back(before: number): Line | undefined {
    return this.#line(before - 1)
  }

  forward(from: number): Line | undefined {
    return this.#line(from)
  }

  beginFrom(number: number): number {
    return number
  }

  count(from: number, to: number, limit: number): number {
    return Math.max(0, Math.min(to - from, limit))
  }

  timeAt(number: number): number | undefined {
    return this.#lines[number - this.#dropped]?.time
  }

  offsetAt(time: number): number {
    const index = this.#lines.findIndex(line => line.time >= time)
    return index === -1 ? this.end : this.#dropped + index
  }

  #line(number: number): Line | undefined {
    const bytes = this.#lines[number - this.#dropped]?.bytes
    return bytes === undefined ? undefined : { start: number, end: number + 1, bytes }
  }
}

const most = 1000
