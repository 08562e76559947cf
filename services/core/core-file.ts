import { mkdir, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { writeFileAtomic } from '../../lib/atomic-write.ts'
import type { ProcessIdentity } from '../../lib/process-identity.ts'

/** `<home>/run/core.json`: what core tells people and programs that only look (status, transcribe, the console). */
export interface CoreFacts extends ProcessIdentity {
  readonly engine: {
    readonly model: string
    readonly state: string
    readonly pid: number | null
    readonly loadedMs: number | null
    /** Resident bytes of the engine's process. */
    readonly memory: number
  }
}

/** Writes that file, one write after the other; of several that wait only the last one counts. */
export class CoreFile {
  readonly #path: string
  #writing: Promise<void> = Promise.resolve()
  #next: CoreFacts | undefined
  #closed = false

  constructor(home: string) {
    this.#path = join(home, 'run', 'core.json')
  }

  write(facts: CoreFacts): Promise<void> {
    this.#next = facts
    this.#writing = this.#writing.then(() => this.#write())
    return this.#writing
  }

  /** Core ends politely: nothing is left that would have to be checked for life. */
  async remove(): Promise<void> {
    this.#closed = true
    await this.#writing
    await rm(this.#path, { force: true })
  }

  async #write(): Promise<void> {
    const facts = this.#next
    this.#next = undefined
    if (facts === undefined || this.#closed) return
    await mkdir(dirname(this.#path), { recursive: true })
    await writeFileAtomic(this.#path, `${JSON.stringify(facts)}\n`)
  }
}
