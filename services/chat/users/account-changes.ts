import type { DatabaseSync } from '../database.ts'

/** Tells who listens that something about accounts has changed, also where another process wrote it into the same file. */
export class AccountChanges {
  readonly #database: DatabaseSync
  readonly #listeners = new Set<() => void>()
  #watch: NodeJS.Timeout | undefined
  #version: unknown

  constructor(database: DatabaseSync) {
    this.#database = database
  }

  /** From the first listener on, the file is looked at each second. Returns how to stop. */
  on(listener: () => void): () => void {
    this.#listeners.add(listener)
    if (this.#watch === undefined) {
      this.#version = this.#dataVersion()
      this.#watch = setInterval(() => this.#lookForOthers(), 1000)
      this.#watch.unref()
    }
    return () => this.#listeners.delete(listener)
  }

  tell(): void {
    for (const listener of this.#listeners) listener()
  }

  close(): void {
    clearInterval(this.#watch)
  }

  #lookForOthers(): void {
    const version = this.#dataVersion()
    if (version === this.#version) return
    this.#version = version
    this.tell()
  }

  /** Another number after each commit of another connection. */
  #dataVersion(): unknown {
    return this.#database.prepare('PRAGMA data_version').get()?.['data_version']
  }
}
