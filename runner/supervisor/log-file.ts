import { closeSync, fstatSync, openSync, writeSync } from 'node:fs'
import { stripVTControlCharacters } from 'node:util'
import type { LogLimits } from '../stack/model.ts'
import { cutOf } from './log-cut.ts'
import { IndexReader, IndexWriter } from './log-index.ts'
import { keepLogs } from './log-keeper.ts'
import { LogReader } from './log-reader.ts'
import { indexPath, listSegments, logPath, renameIfThere, setAside, statOf } from './log-segments.ts'

export interface LogFileOptions {
  readonly folder: string
  readonly service: string
  readonly limits: LogLimits
  readonly now: () => number
  /** Told once, until writing works again. */
  readonly onTrouble: (error: NodeJS.ErrnoException) => void
  /**
   * After each append: the chunk, and the logical offsets between which it stands in the log; they are closer together than
   * the chunk is long where the disk had no room for all of it.
   */
  readonly onAppend: (chunk: Uint8Array, start: number, end: number) => void
}

/**
 * Writes a service's log: the raw bytes of its terminal, appended as they come. Written synchronously: the bytes stand in
 * the file before anyone is told of them, nothing piles up in memory, and the last words of a crash are never in flight.
 * Offsets are logical: they count every byte ever kept, over all segments and runs. A new segment begins with each run, at
 * `maxFile` bytes, and after a day. What is too much for all logs together goes at the same moment.
 */
export class LogFile {
  /** Where this run began. */
  readonly runStart: number
  readonly #options: LogFileOptions
  #fd: number | undefined
  #index: IndexWriter | undefined
  /** Of the current segment. */
  #start: number
  #end: number
  #begun = 0
  #atLineStart = true
  #listeners = new Set<() => void>()
  #reader: LogReader | undefined
  #troubled = false
  #rotateNotBefore = 0
  #roomUntil = 0

  /** Begins a new segment; what the run before left becomes an earlier one. */
  constructor(options: LogFileOptions) {
    this.#options = options
    const { folder, service, now } = options
    const left = findCurrent(folder, service)
    this.#start = this.#end = this.runStart = left.start + left.size
    try {
      if (left.size > 0) setAside(folder, service, left.start)
      this.#begin(now())
      if (left.size > 0) this.#keep()
    } catch (error) {
      this.#trouble(error)
    }
  }

  /** Just behind the last byte, as a logical offset. */
  get end(): number {
    return this.#end
  }

  get size(): number {
    return this.#end
  }

  /** The oldest byte that is still there. */
  get start(): number {
    return this.#read().start
  }

  append(chunk: Uint8Array): void {
    const start = this.#end
    try {
      this.#append(chunk, this.#options.now())
      if (this.#rotateNotBefore === 0) this.#troubled = false
    } catch (error) {
      this.#trouble(error)
    }
    this.#options.onAppend(chunk, start, this.#end)
    for (const listener of this.#listeners) listener()
  }

  /** The process before may have ended in the middle of a line; the next one's first line is not to be glued to it. */
  endLine(): void {
    if (this.size > this.start && this.read(this.size - 1, 1)[0] !== 10) this.append(Buffer.from('\r\n'))
  }

  /** Calls `listener` after each append; it reads what is new by itself, at its own pace. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** As LogReader's: what lies before `start` is gone, and a read there begins at `start`. */
  read(offset: number, length: number): Buffer {
    return this.#read().read(offset, length)
  }

  /** Where the last `lines` lines begin. */
  offsetOfLastLines(lines: number): number {
    return this.#read().offsetOfLastLines(lines)
  }

  /** The last words since `offset`: at most `count` lines, none empty, without colours. */
  lastLines(offset: number, count: number): string[] {
    const start = Math.max(offset, this.#end - 8192)
    const text = stripVTControlCharacters(this.read(start, this.#end - start).toString('utf8'))
    const lines = text.split(/[\r\n]+/).map(line => line.trimEnd())
    return lines.filter(line => line !== '').slice(-count)
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd)
    this.#fd = undefined
    this.#index?.close()
    this.#index = undefined
    this.#reader?.close()
    this.#reader = undefined
  }

  #append(chunk: Uint8Array, time: number): void {
    if (this.#fd === undefined) this.#begin(time)
    let rest = chunk
    for (;;) {
      const cut =
        time < this.#rotateNotBefore
          ? undefined
          : cutOf(rest, this.#room(time), this.#atLineStart && this.#end > this.#start)
      this.#write(cut === undefined ? rest : rest.subarray(0, cut), time)
      if (cut === undefined) return
      rest = rest.subarray(cut)
      this.#rotate(time)
    }
  }

  #write(bytes: Uint8Array, time: number): void {
    if (this.#fd === undefined || bytes.length === 0) return
    this.#note(time)
    for (let at = 0; at < bytes.length;) {
      const written = writeSync(this.#fd, bytes, at)
      at += written
      this.#end += written
      this.#atLineStart = bytes[at - 1] === 10
    }
  }

  /** Time goes on by 100 ms at least between two entries, so what is looked at here costs nothing under a flood. */
  #note(time: number): void {
    if (this.#fd === undefined || this.#index?.isDue(time) === false) return
    if (this.#end === this.#start) this.#begun = time
    const { nlink, size } = fstatSync(this.#fd)
    // Somebody has deleted or emptied the file: what comes now is to be found again.
    const lost = nlink === 0 || size < this.#end - this.#start
    if (lost && time >= this.#rotateNotBefore) this.#rotate(time)
    this.#index?.note(this.#end, time)
  }

  /** Bytes that still go into the current file; less than none when it is time for the next one. */
  #room(time: number): number {
    const { maxFile, maxAgeMs } = this.#options.limits
    const room = maxFile - (this.#end - this.#start)
    if (this.#end === this.#start) return room
    const age = time - this.#begun
    const index = this.#index
    const over =
      age > Math.min(day, maxAgeMs) ||
      // A clock that was set back would make the times of an index fall.
      (index !== undefined && (time < index.last - 1000 || index.size > Math.max(maxFile, leastIndex)))
    return over ? Math.min(0, room) : room
  }

  /** Where that fails, the current file goes on to grow, under its old name or its new one; readers know both. */
  #rotate(time: number): void {
    const { folder, service } = this.#options
    const old = { fd: this.#fd, index: this.#index }
    try {
      setAside(folder, service, this.#start)
      this.#begin(time)
      if (old.fd !== undefined) closeSync(old.fd)
      old.index?.close()
      this.#rotateNotBefore = 0
      this.#keep()
    } catch (error) {
      this.#rotateNotBefore = time + 1000
      this.#trouble(error)
    }
  }

  /** The index comes first: whoever finds the log finds the index that belongs to it (LogReader relies on that). */
  #begin(time: number): void {
    const { folder, service } = this.#options
    const index = new IndexWriter(indexPath(folder, service), this.#end, time)
    try {
      this.#fd = openSync(logPath(folder, service), 'a', 0o600)
    } catch (error) {
      index.close()
      throw error
    }
    this.#index = index
    this.#start = this.#end
    this.#begun = time
    this.#atLineStart = true
  }

  /** Makes room for the file that begins; where files are small, for a few of them, since it looks at all files there. */
  #keep(): void {
    const { folder, limits, now } = this.#options
    const room = Math.max(limits.maxFile, Math.min(1e6, limits.maxTotal / 16))
    if (this.#end + limits.maxFile <= this.#roomUntil) return
    keepLogs(folder, { ...limits, maxTotal: limits.maxTotal - room }, now())
    this.#roomUntil = this.#end + room
  }

  #trouble(error: unknown): void {
    // A full disk must not take the services down.
    if (!this.#troubled) this.#options.onTrouble(error as NodeJS.ErrnoException)
    this.#troubled = true
  }

  #read(): LogReader {
    const { folder, service } = this.#options
    return (this.#reader ??= new LogReader(folder, service))
  }
}

const leastIndex = 64 * 1024
const day = 24 * 3600 * 1000

/** What a run before left as its current file: where it begins, and its bytes. */
function findCurrent(folder: string, service: string): { start: number; size: number } {
  const last = listSegments(folder, service).at(-1)
  const behind = last === undefined ? 0 : last.start + last.size
  const size = statOf(logPath(folder, service))?.size
  const index = IndexReader.open(indexPath(folder, service))
  try {
    if (size !== undefined) return { start: Math.max(behind, index?.start ?? 0), size }
    // Killed between two renames: the index belongs to the segment that has its name already.
    if (index !== undefined && index.start === last?.start)
      renameIfThere(indexPath(folder, service), indexPath(folder, service, last.start))
    // Or somebody deleted the file: its offsets are not given out again.
    return { start: Math.max(behind, index?.lastOffset ?? 0), size: 0 }
  } finally {
    index?.close()
  }
}
