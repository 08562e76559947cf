import { mkdir, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { writeFileAtomic } from '../../lib/atomic-write.ts'
import type { ProcessIdentity } from '../../lib/process-identity.ts'

/** `<home>/run/core.json`: what core tells people and programs that only look (the console, `courante models`). */
export interface CoreFacts extends ProcessIdentity {
  /** When this was written, in ms since 1970. */
  readonly at: number
  /** Bytes on each device that models may take, and that are reserved. */
  readonly budget: Readonly<Record<string, number>>
  readonly used: Readonly<Record<string, number>>
  /** Those in memory, or on their way in or out. */
  readonly models: readonly ModelFacts[]
  /** Jobs of each service that core has claimed. */
  readonly queues: Readonly<Record<string, { readonly working: number; readonly waiting: number }>>
}

export interface ModelFacts {
  readonly id: string
  readonly kind: string
  readonly engine: string
  /** It takes pictures. */
  readonly vision: boolean
  readonly state: 'loading' | 'ready' | 'unloading'
  readonly pid: number | null
  /** Of the load, from 0 to 1. */
  readonly progress: number
  /** Bytes: as thought before the load, as measured (the process's resident memory), on GPUs. */
  readonly estimated: number
  readonly measured: number
  readonly gpu: Readonly<Record<string, number>>
  readonly loadedMs: number | null
  readonly inFlight: number
  readonly parallel: number
  readonly waiting: number
  /** For how long nothing has used it, when this was written; null: it is in use. */
  readonly idleMs: number | null
  readonly pinned: boolean
  /** Since when (in ms since 1970) and why it runs on the processor and not on the graphics card; null: it does not have to. */
  readonly offCard: { readonly since: number; readonly why: string } | null
  readonly facts: Readonly<Record<string, string | number | readonly string[]>>
}

/** Changes come in bursts; a person sees no more than this. */
const pauseMs = 200

/** Writes that file when told of a change, one write after the other, at most five a second. */
export class CoreFile {
  readonly #path: string
  readonly #facts: () => CoreFacts
  readonly #onFault: (error: unknown) => void
  #timer: NodeJS.Timeout | undefined
  #writing: Promise<void> = Promise.resolve()
  #writtenAt = -Infinity
  #closed = false

  constructor(home: string, facts: () => CoreFacts, onFault: (error: unknown) => void) {
    this.#path = join(home, 'run', 'core.json')
    this.#facts = facts
    this.#onFault = onFault
  }

  changed(): void {
    if (this.#timer !== undefined || this.#closed) return
    const wait = Math.max(0, this.#writtenAt + pauseMs - performance.now())
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.#writtenAt = performance.now()
      this.#writing = this.#writing.then(() => this.write()).catch(this.#onFault)
    }, wait)
  }

  async write(): Promise<void> {
    if (this.#closed) return
    await mkdir(dirname(this.#path), { recursive: true })
    await writeFileAtomic(this.#path, `${JSON.stringify(this.#facts())}\n`)
  }

  /** Core ends politely: nothing is left that would have to be checked for life. */
  async remove(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#timer)
    await this.#writing
    await rm(this.#path, { force: true })
  }
}
