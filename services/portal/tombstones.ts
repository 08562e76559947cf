import { existsSync, linkSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { newId } from './ids.ts'
import { hasCode, ifThere, makeFolder, removeFile } from './moves.ts'

/** Tombstones with one text, of one second, are one file with many names: a name costs a third of a file. */
const sameFileMs = 1000
/** ext4 gives a file 65,000 names. */
const maxNames = 60_000
/** For how long `expire` may keep its process from other work. */
const sliceMs = 20

interface Stone {
  readonly path: string
  readonly since: number
  names: number
}

/**
 * `.seen/<user>/<id>`: says that this id has been answered, and by whom. Of two claimers that both have an answer, one that was
 * stopped and its successor, the tombstone elects one.
 */
export class Tombstones {
  readonly #seen: string
  /** By their text. */
  readonly #stones = new Map<string, Stone>()
  /** Since when, by `user/id`, oldest first, in ms of the same clock as `expire`'s. There may be a million. */
  readonly #known = new Map<string, number>()

  constructor(seen: string) {
    this.#seen = seen
  }

  /** False: there is one of somebody else. `by`: the attempt and its claimer. */
  set(user: string, id: string, by: string, now = Date.now()): boolean {
    this.#remember(user, id, now)
    const path = this.#path(user, id)
    try {
      this.#name(by, path, now)
      return true
    } catch (error) {
      if (hasCode(error, 'EEXIST')) return readFileSync(path, 'utf8') === by
      this.#stones.delete(by)
    }
    makeFolder(join(this.#seen, user))
    try {
      this.#name(by, path, now)
      return true
    } catch (error) {
      if (hasCode(error, 'EEXIST')) return readFileSync(path, 'utf8') === by
      if (!hasCode(error, 'EPERM', 'ENOTSUP', 'EOPNOTSUPP')) throw error
    }
    // A file system without hard links. Whole or not at all, as everywhere.
    const hidden = join(this.#seen, `.${newId()}`)
    writeFileSync(hidden, by)
    renameSync(hidden, path)
    return true
  }

  has(user: string, id: string): boolean {
    return existsSync(this.#path(user, id))
  }

  remove(user: string, id: string): void {
    this.#known.delete(`${user}/${id}`)
    removeFile(this.#path(user, id))
  }

  /** Takes those of earlier claimers into account; their time begins anew. */
  async takeOver(now: number): Promise<void> {
    for (const user of (await ifThere(readdir(this.#seen))) ?? []) {
      // What an earlier claimer linked from.
      if (user.startsWith('.')) removeFile(join(this.#seen, user))
      else for (const id of await readdir(join(this.#seen, user))) this.#remember(user, id, now)
    }
  }

  /** Removes those that are older than `keptMs`, unless the answer still waits to be collected. What is left comes next time. */
  expire(now: number, keptMs: number, waits: (user: string, id: string) => boolean): void {
    const began = performance.now()
    for (const [key, since] of this.#known) {
      if (now - since <= keptMs || performance.now() - began > sliceMs) return
      const slash = key.indexOf('/')
      const [user, id] = [key.slice(0, slash), key.slice(slash + 1)]
      if (waits(user, id)) this.#remember(user, id, now)
      else this.remove(user, id)
    }
  }

  /** Gives up its own names of the files that it links. */
  close(): void {
    for (const { path } of this.#stones.values()) removeFile(path)
    this.#stones.clear()
  }

  #name(text: string, path: string, now: number): void {
    let stone = this.#stones.get(text)
    if (stone === undefined || now - stone.since > sameFileMs || stone.names >= maxNames) {
      if (stone !== undefined) removeFile(stone.path)
      stone = { path: join(this.#seen, `.${newId()}`), since: now, names: 1 }
      writeFileSync(stone.path, text)
      this.#stones.set(text, stone)
    }
    linkSync(stone.path, path)
    stone.names++
  }

  /** As the youngest. */
  #remember(user: string, id: string, since: number): void {
    const key = `${user}/${id}`
    const before = this.#known.size
    this.#known.set(key, since)
    if (this.#known.size > before) return
    // It kept its old place.
    this.#known.delete(key)
    this.#known.set(key, since)
  }

  #path(user: string, id: string): string {
    return `${this.#seen}/${user}/${id}`
  }
}
