import { mkdirSync, readdirSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { newId } from './ids.ts'
import { ifThereNow, isThere, removeIfOpen } from './moves.ts'
import { blankName } from './plain-files.ts'

/** As many as a client has in flight; more are removed. */
const mostKept = 64

/**
 * Folders in `prep` for the next requests: those of answers that were collected, with the files of both, to be written over. On
 * ext4 it takes longer to make and to remove a folder and its files than all other steps of a request together.
 */
export class SpareFolders implements Disposable {
  readonly #prep: string
  readonly #spares: string[] = []
  readonly #full: string[] = []

  constructor(prep: string) {
    this.#prep = prep
  }

  take(): string {
    if (this.#spares.length === 0) this.#emptyAll()
    for (let spare = this.#spares.pop(); spare !== undefined; spare = this.#spares.pop()) {
      // What lies in `prep` for long is swept.
      if (isThere(spare)) return spare
    }
    const folder = join(this.#prep, newId())
    mkdirSync(folder)
    return folder
  }

  /** A folder of this class's own `prep`, with what is in it. It is emptied when there is nothing more urgent. */
  put(folder: string): void {
    if (this.#full.length === 0) setImmediate(() => this.#emptyAll())
    this.#full.push(folder)
  }

  [Symbol.dispose](): void {
    this.#emptyAll()
    for (const spare of this.#spares) removeIfOpen(spare)
    this.#spares.length = 0
  }

  #emptyAll(): void {
    for (const folder of this.#full.splice(0)) this.#empty(folder)
  }

  #empty(folder: string): void {
    const names = ifThereNow(() => readdirSync(folder)) ?? []
    const plain = names.every(name => name === 'request.json' || name === 'result.json' || name === blankName)
    if (!plain || this.#spares.length >= mostKept) return removeIfOpen(folder)
    if (names.includes('result.json')) renameSync(`${folder}/result.json`, `${folder}/${blankName}`)
    this.#spares.push(folder)
  }
}
