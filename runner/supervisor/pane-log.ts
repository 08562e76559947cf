import { closeSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { Stack } from '../stack/model.ts'
import { keepEarlier } from './log-file.ts'

/** What a console's pane shows: the output of its services and what happened to them, in the order in which it came. */
export class PaneLog {
  readonly #fd: number
  #writer = ''
  #atLineStart = true

  constructor(stack: Pick<Stack, 'home'>, pane: string) {
    this.#fd = openSync(pathOf(stack, pane), 'a', 0o600)
  }

  /** Bytes of one writer (a service, or the supervisor); a line that another one has begun is ended first. */
  append(writer: string, chunk: Uint8Array): void {
    if (chunk.length === 0) return
    try {
      if (writer !== this.#writer && !this.#atLineStart) writeSync(this.#fd, '\r\n')
      for (let at = 0; at < chunk.length;) at += writeSync(this.#fd, chunk, at)
    } catch (error) {
      // A full disk must not end the supervisor; the services' own logs tell of it.
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
    }
    this.#writer = writer
    this.#atLineStart = chunk.at(-1) === 10
  }

  close(): void {
    closeSync(this.#fd)
  }
}

/**
 * Gives every pane an empty log, and keeps the one of the run before. For `up`, before anything reads or writes them: a
 * `tail -F` that finds its file there is told of each line, one that has to wait for it looks once a second.
 */
export function startPaneLogs(stack: Pick<Stack, 'home' | 'panes'>): void {
  for (const pane of Object.keys(stack.panes)) {
    keepEarlier(pathOf(stack, pane))
    new PaneLog(stack, pane).close()
  }
}

function pathOf({ home }: Pick<Stack, 'home'>, pane: string): string {
  return join(home, 'logs', `${pane}.pane.log`)
}
