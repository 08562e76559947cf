/** What is wanted of LogReader here. */
export interface LogSource {
  refresh(): void
  readonly start: number
  readonly end: number
  read(offset: number, length: number): Uint8Array
  timeAt(offset: number): number | undefined
  offsetAt(time: number): number
}

/** Logical offsets of a line: of its first byte, and just behind its newline (or behind its last byte, while it has none). */
export interface Line {
  readonly start: number
  readonly end: number
  readonly bytes: Uint8Array
}

/**
 * The lines of one log, found from any place in either direction, the same ones both ways. What has no newline for a whole
 * block of 64 KiB (at a multiple of that offset) is cut there, so a line has less than 128 KiB.
 */
export class LineFinder {
  readonly #log: LogSource
  // The blocks that were read last; lines are mostly asked for one after the other.
  readonly #blocks = new Map<number, Uint8Array>()

  constructor(log: LogSource) {
    this.#log = log
  }

  /** The line that ends at `before`, or has its middle there. */
  back(before: number): Line | undefined {
    const end = Math.min(before, this.#log.end)
    const start = this.#startOf(end)
    return start === undefined ? undefined : { start, end, bytes: this.#bytes(start, end) }
  }

  /** The line that begins at `from`. */
  forward(from: number): Line | undefined {
    const start = Math.max(from, this.#log.start)
    if (start >= this.#log.end) return undefined
    const end = this.#endOf(start)
    return { start, end, bytes: this.#bytes(start, end) }
  }

  /** The first begin of a line at or behind this offset. */
  beginFrom(offset: number): number {
    const { start, end } = this.#log
    if (offset <= start || offset >= end) return Math.min(Math.max(offset, start), end)
    return this.#find(offset - 1, offset) === offset - 1
      ? offset
      : this.#endOf(this.#startOf(offset) ?? offset)
  }

  /** How many lines begin in between, counted up to `limit`. */
  count(from: number, to: number, limit: number): number {
    let lines = 0
    let at = Math.max(from, this.#log.start)
    while (at < to && lines < limit) {
      const found = this.#find(at, to)
      lines += 1
      if (found === -1) break
      at = found + 1
    }
    return lines
  }

  /** Of the line that ends at `end`. */
  #startOf(end: number): number | undefined {
    const { start } = this.#log
    if (end <= start) return undefined
    // Its own newline does not count.
    const found = this.#findLast(Math.max(start, end - 1 - blockSize), end - 1)
    if (found !== -1) return found + 1
    const cut = Math.floor((end - 1) / blockSize) * blockSize
    if (cut - blockSize < start) return start
    const before = this.#findLast(cut - blockSize, cut)
    return before === -1 ? cut : before + 1
  }

  #endOf(start: number): number {
    const blocks = Math.floor(start / blockSize) + (start % blockSize === 0 ? 1 : 2)
    const limit = Math.min(blocks * blockSize, this.#log.end)
    const found = this.#find(start, limit)
    return found === -1 ? limit : found + 1
  }

  /** The first newline in between, or -1. */
  #find(from: number, to: number): number {
    for (let at = from; at < to; at = blockEnd(at)) {
      const begin = at - (at % blockSize)
      const block = this.#block(begin)
      const found = block.indexOf(newline, at - begin)
      if (found !== -1) return begin + found < to ? begin + found : -1
    }
    return -1
  }

  /** The last newline in between, or -1. */
  #findLast(from: number, to: number): number {
    for (let end = to; end > from;) {
      const begin = end - 1 - ((end - 1) % blockSize)
      const found = this.#block(begin).lastIndexOf(newline, end - 1 - begin)
      if (found !== -1) return begin + found >= from ? begin + found : -1
      end = begin
    }
    return -1
  }

  #bytes(start: number, end: number): Uint8Array {
    const begin = start - (start % blockSize)
    const whole = this.#block(begin)
    if (end <= begin + blockSize) return whole.subarray(start - begin, end - begin)
    const bytes = Buffer.alloc(end - start)
    for (let at = start; at < end; at = blockEnd(at)) {
      const from = at - (at % blockSize)
      bytes.set(this.#block(from).subarray(at - from, Math.min(blockSize, end - from)), at - start)
    }
    return bytes
  }

  /** At a multiple of the block's size. What the log no longer has of it is filled with zeros. */
  #block(begin: number): Uint8Array {
    const wanted = Math.min(blockSize, this.#log.end - begin)
    const known = this.#blocks.get(begin)
    if (known !== undefined && known.length >= wanted) return known
    const bytes = this.#log.read(begin, wanted)
    // It begins to read where the log begins now.
    const missing = Math.min(Math.max(0, this.#log.start - begin), wanted)
    const block = missing === 0 ? bytes : Buffer.concat([Buffer.alloc(missing), bytes], wanted)
    this.#blocks.delete(begin)
    this.#blocks.set(begin, block)
    const [oldest] = this.#blocks.keys()
    if (this.#blocks.size > 3 && oldest !== undefined) this.#blocks.delete(oldest)
    return block
  }
}

const blockSize = 64 * 1024
const newline = 10

function blockEnd(at: number): number {
  return at - (at % blockSize) + blockSize
}
