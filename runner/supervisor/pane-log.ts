import { closeSync, fstatSync, linkSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { Stack } from '../stack/model.ts'
import { renameIfThere } from './log-segments.ts'

/** What a console's pane shows: the output of its services and what happened to them, in the order in which it came. */
export class PaneLog {
  readonly #path: string
  readonly #most: number
  #fd: number
  #size: number
  #writer = ''
  #atLineStart = true

  /** `most`: bytes above which it starts anew; what was there is kept as `<pane>.pane.1.log`, once. */
  constructor(stack: Pick<Stack, 'home'>, pane: string, most = 8e6) {
    this.#path = pathOf(stack, pane)
    this.#most = most
    this.#fd = openSync(this.#path, 'a', 0o600)
    this.#size = fstatSync(this.#fd).size
  }

  /** Bytes of one writer (a service, or the supervisor); a line that another one has begun is ended first. */
  append(writer: string, chunk: Uint8Array): void {
    if (chunk.length === 0) return
    try {
      if (writer !== this.#writer && !this.#atLineStart) this.#write(Buffer.from('\r\n'))
      this.#write(chunk)
      this.#writer = writer
      this.#atLineStart = chunk.at(-1) === 10
      // A line without an end is not waited for without end.
      if (this.#size > this.#most && (this.#atLineStart || this.#size > 1.25 * this.#most)) this.#renew()
    } catch (error) {
      // A full disk, or a folder that somebody has deleted, must not end the supervisor; the services' own logs tell of it.
      if ((error as NodeJS.ErrnoException).syscall === undefined) throw error
    }
  }

  close(): void {
    closeSync(this.#fd)
  }

  #write(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      const written = writeSync(this.#fd, bytes, at)
      at += written
      this.#size += written
    }
  }

  /** The name is never without a file: a `tail -F` that misses its file looks for it only once a second. */
  #renew(): void {
    const fresh = `${this.#path}.new`
    rmSync(fresh, { force: true })
    const fd = openSync(fresh, 'a', 0o600)
    try {
      keepCopy(this.#path)
      renameSync(fresh, this.#path)
    } catch (error) {
      closeSync(fd)
      throw error
    }
    closeSync(this.#fd)
    this.#fd = fd
    this.#size = 0
  }
}

/**
 * Gives every pane an empty log, and keeps the one of the run before. For `up`, before anything reads or writes them: a
 * `tail -F` that finds its file there is told of each line, one that has to wait for it looks once a second.
 */
export function startPaneLogs(stack: Pick<Stack, 'home' | 'panes'>): void {
  for (const pane of Object.keys(stack.panes)) {
    const path = pathOf(stack, pane)
    renameIfThere(path, earlierOf(path))
    new PaneLog(stack, pane).close()
  }
}

function keepCopy(path: string): void {
  rmSync(earlierOf(path), { force: true })
  try {
    linkSync(path, earlierOf(path))
  } catch (error) {
    // A file system without hard links; the name is missing for a moment there. Or somebody has deleted the file.
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'ENOENT') throw error
    renameIfThere(path, earlierOf(path))
  }
}

function earlierOf(path: string): string {
  return path.replace(/\.log$/, '.1.log')
}

function pathOf({ home }: Pick<Stack, 'home'>, pane: string): string {
  return join(home, 'logs', `${pane}.pane.log`)
}
