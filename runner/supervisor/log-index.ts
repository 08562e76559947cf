import { closeSync, fstatSync, openSync, readSync, writeSync } from 'node:fs'

/*
 * The time index beside a log segment, text that a person can read: first `start <logical offset> <epoch ms>`, then lines
 * `<logical offset> <epoch ms>`, each told just before the byte at that offset is written, and none within 100 ms of the
 * one before. Both numbers never fall. Where an offset stands twice, the later line is right: nothing came in between.
 */

/** How far apart entries are at least, and so how exact a time is. */
const resolutionMs = 100

export class IndexWriter {
  readonly #fd: number
  #last: number
  #size = 0
  #torn = false

  /** Begins a new index there. A full disk may leave it without its first line; readers can do without. */
  constructor(path: string, start: number, time: number) {
    this.#fd = openSync(path, 'w', 0o600)
    this.#last = time - resolutionMs
    this.#write(`start ${start} ${time}\n`)
  }

  get size(): number {
    return this.#size
  }

  /** When the latest entry was made. */
  get last(): number {
    return this.#last
  }

  isDue(time: number): boolean {
    return time - this.#last >= resolutionMs
  }

  /** The byte at `offset` is about to be written. */
  note(offset: number, time: number): void {
    this.#last = time
    this.#write(`${offset} ${time}\n`)
  }

  close(): void {
    closeSync(this.#fd)
  }

  #write(line: string): void {
    // What a full disk left of the line before must not join with this one to a number that was never meant.
    const bytes = Buffer.from(this.#torn ? `\n${line}` : line)
    let written = 0
    try {
      while (written < bytes.length) written += writeSync(this.#fd, bytes, written)
      this.#torn = false
    } catch (error) {
      this.#torn ||= written > 0
      if (!isNoRoom(error)) throw error
    } finally {
      this.#size += written
    }
  }
}

interface Entry {
  readonly offset: number
  readonly time: number
  /** Where its line begins in the index file. */
  readonly at: number
  /** Of the first line only. */
  readonly first: boolean
}

/** Reads an index, also while it grows. A day of a talkative service is megabytes: it is searched on disk. */
export class IndexReader {
  /** Logical offset and time of the segment's begin. */
  readonly start: number
  readonly time: number
  readonly #fd: number
  #block: Entry[] = []

  /** Undefined if it isn't there, or its first line isn't whole. */
  static open(path: string): IndexReader | undefined {
    let fd: number
    try {
      fd = openSync(path, 'r')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw error
    }
    const [first] = entriesIn(fd, 0, longestLine)
    if (first?.first === true) return new IndexReader(fd, first)
    closeSync(fd)
    return undefined
  }

  private constructor(fd: number, { offset, time }: Entry) {
    this.#fd = fd
    this.start = offset
    this.time = time
  }

  /** When the byte at this logical offset was written. */
  timeAt(offset: number): number {
    return this.#find(entry => entry.offset <= offset)[0]?.time ?? this.time
  }

  /** The first byte written at or after that time; undefined if nothing was. */
  offsetAt(time: number): number | undefined {
    if (time <= this.time) return this.start
    return this.#find(entry => entry.time < time)[1]?.offset
  }

  /** The highest offset in it. */
  get lastOffset(): number {
    return this.#find(() => true)[0]?.offset ?? this.start
  }

  close(): void {
    closeSync(this.#fd)
  }

  /** The last entry that is not past what is looked for, and the one after it. */
  #find(notPast: (entry: Entry) => boolean): [Entry | undefined, Entry | undefined] {
    const { [0]: first, length, [length - 1]: last } = this.#block
    const known = first !== undefined && notPast(first)
    if (!known || last === undefined || notPast(last)) {
      this.#block = this.#around(notPast, known && last !== undefined ? last.at : 0)
    }
    let low = 0
    for (let high = this.#block.length; low < high;) {
      const middle = (low + high) >>> 1
      const entry = this.#block[middle]
      if (entry !== undefined && notPast(entry)) low = middle + 1
      else high = middle
    }
    return [this.#block[low - 1], this.#block[low]]
  }

  /** A block of entries that holds both. `low`: where a line begins that is not past it. */
  #around(notPast: (entry: Entry) => boolean, low: number): Entry[] {
    let high = fstatSync(this.#fd).size
    while (high - low > blockSize) {
      const middle = (low + high) >>> 1
      const entry = entriesIn(this.#fd, middle, 4 * longestLine)[0]
      // Only a damaged index has no entry there; then all that is left is read.
      if (entry === undefined) break
      if (notPast(entry)) low = entry.at
      else high = middle
    }
    return entriesIn(this.#fd, low, high - low + 4 * longestLine)
  }
}

const blockSize = 4096
const longestLine = 64

/** The whole lines within these bytes; what stands before the first line's begin and behind the last newline is left out. */
function entriesIn(fd: number, position: number, length: number): Entry[] {
  // The byte before tells whether a line begins here.
  const from = Math.max(0, position - 1)
  const buffer = Buffer.allocUnsafe(length + position - from)
  const text = buffer.toString('latin1', 0, readSync(fd, buffer, 0, buffer.length, from))
  const entries: Entry[] = []
  let begin = position === 0 ? 0 : text.indexOf('\n') + 1
  if (begin === 0 && position > 0) return entries
  for (;;) {
    const end = text.indexOf('\n', begin)
    if (end === -1) return entries
    const [, start, offset, time] = /^(start )?(\d+) (\d+)$/.exec(text.slice(begin, end)) ?? []
    if (offset !== undefined)
      entries.push({
        offset: Number(offset),
        time: Number(time),
        at: from + begin,
        first: start !== undefined,
      })
    begin = end + 1
  }
}

function isNoRoom(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException
  return code === 'ENOSPC' || code === 'EDQUOT' || code === 'EIO' || code === 'EFBIG'
}
