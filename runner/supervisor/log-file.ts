import { closeSync, fstatSync, openSync, readSync, renameSync, writeSync } from 'node:fs'
import { stripVTControlCharacters } from 'node:util'

/**
 * A service's log: the raw bytes of its terminal, appended as they come. Written synchronously: the bytes stand in the
 * file before anyone is told of them, nothing piles up in memory, and the last words of a crash are never in flight.
 */
export class LogFile {
  readonly path: string
  readonly #fd: number
  #size: number
  #listeners = new Set<() => void>()
  #onTrouble: (error: NodeJS.ErrnoException) => void
  #onAppend: (chunk: Uint8Array) => void
  #troubled = false

  /** Starts a new file; the earlier one, if any, is kept as `name.1.log`. */
  constructor(
    path: string,
    onTrouble: (error: NodeJS.ErrnoException) => void,
    onAppend: (chunk: Uint8Array) => void = () => undefined,
  ) {
    this.path = path
    this.#onAppend = onAppend
    this.#onTrouble = onTrouble
    keepEarlier(path)
    this.#fd = openSync(path, 'a+', 0o600)
    this.#size = fstatSync(this.#fd).size
  }

  get size(): number {
    return this.#size
  }

  append(chunk: Uint8Array): void {
    try {
      for (let at = 0; at < chunk.length;) at += writeSync(this.#fd, chunk, at)
      this.#size += chunk.length
      this.#troubled = false
    } catch (error) {
      // A full disk must not take the services down; it is told once, until writing works again.
      if (!this.#troubled) this.#onTrouble(error as NodeJS.ErrnoException)
      this.#troubled = true
    }
    this.#onAppend(chunk)
    for (const listener of this.#listeners) listener()
  }

  /** Calls `listener` after each append; it reads what is new by itself, at its own pace. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  read(offset: number, length: number): Buffer {
    const buffer = Buffer.allocUnsafe(Math.max(0, Math.min(length, this.#size - offset)))
    return buffer.subarray(0, readSync(this.#fd, buffer, 0, buffer.length, offset))
  }

  /** Where the last `lines` lines begin. */
  offsetOfLastLines(lines: number): number {
    // The end of the last line is not the start of one more.
    let wanted = lines + (this.#size > 0 && this.read(this.#size - 1, 1)[0] === newline ? 1 : 0)
    if (lines <= 0) return this.#size
    for (let end = this.#size; end > 0;) {
      const start = Math.max(0, end - 65_536)
      const block = this.read(start, end - start)
      for (
        let at = block.lastIndexOf(newline);
        at !== -1;
        at = at === 0 ? -1 : block.lastIndexOf(newline, at - 1)
      )
        if (--wanted === 0) return start + at + 1
      end = start
    }
    return 0
  }

  /** The last words since `offset`: at most `count` lines, none empty, without colours. */
  lastLines(offset: number, count: number): string[] {
    const start = Math.max(offset, this.#size - 8192)
    const text = stripVTControlCharacters(this.read(start, this.#size - start).toString('utf8'))
    const lines = text.split(/[\r\n]+/).map(line => line.trimEnd())
    return lines.filter(line => line !== '').slice(-count)
  }

  close(): void {
    closeSync(this.#fd)
  }
}

const newline = 10

/** Renames `name.log` to `name.1.log`, if it is there. */
export function keepEarlier(path: string): void {
  try {
    renameSync(path, path.replace(/\.log$/, '.1.log'))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
}
