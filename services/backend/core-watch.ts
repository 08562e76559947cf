import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { watchFolder } from '../../lib/watch-folder.ts'
import { type CoreView, readCore } from '../../models/core-view.ts'
import { log as words } from './messages.ts'

/** A killed core leaves its file as it was, and watches get lost. */
const rescanMs = 2000

/** Tells when what a person sees of core has changed: which models are in memory and how far, who waits, whether it runs. */
export class CoreWatch {
  readonly #home: string
  readonly #log: (line: string) => void
  readonly #listeners = new Set<(core: CoreView | undefined) => void>()
  readonly #stop: () => void
  #told = ''
  #isBlind = false

  constructor(home: string, log: (line: string) => void) {
    this.#home = home
    this.#log = log
    const folder = join(home, 'run')
    mkdirSync(folder, { recursive: true })
    this.#look()
    const watcher = watchFolder(folder, name => {
      if (name === null || name === 'core.json') this.#look()
    })
    const timer = setInterval(() => this.#look(), rescanMs).unref()
    this.#stop = () => {
      watcher?.close()
      clearInterval(timer)
    }
  }

  /** Returns how to stop. */
  on(listener: (core: CoreView | undefined) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  close(): void {
    this.#stop()
  }

  #look(): void {
    let core: CoreView | undefined
    try {
      core = readCore(this.#home)
      this.#isBlind = false
    } catch (error) {
      // As when too many connections leave no file to open: that says nothing of core, and nobody waits here for an error.
      if ((error as NodeJS.ErrnoException).syscall === undefined) throw error
      if (!this.#isBlind) this.#log(words.coreUnread(error))
      this.#isBlind = true
      return
    }
    const stamp = stampOf(core)
    if (stamp === this.#told) return
    this.#told = stamp
    for (const listener of this.#listeners) listener(core)
  }
}

/** Not what is measured, which is never the same twice. */
function stampOf(core: CoreView | undefined): string {
  if (core === undefined) return ''
  const { pid, budget, used, queues } = core
  const models = core.models.map(({ id, state, progress = 0, inFlight, waiting }) => [
    id,
    state,
    Math.floor(progress * 100),
    inFlight,
    waiting,
  ])
  return JSON.stringify([pid, budget, used, queues, models])
}
