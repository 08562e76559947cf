import { constants } from 'node:fs'
import { open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { hasCode } from './moves.ts'

/** `rename`: accepted requests survive the kill of any process. `fsync`: the loss of power too. */
export type Durability = 'rename' | 'fsync'

/**
 * What has to be on the disk before a step counts. Many jobs at once sync one folder: those that ask while a sync of it runs
 * share the next one, so it is one for the group; syncs of different folders run side by side.
 */
export class Disk {
  readonly #durability: Durability
  readonly #folders = new Map<string, { running: Promise<void>; next: Promise<void> | undefined }>()

  constructor(durability: Durability) {
    this.#durability = durability
  }

  /** The names in a folder, such as a rename changes them. */
  async names(folder: string): Promise<void> {
    if (this.#durability === 'rename') return
    const group = this.#folders.get(folder)
    if (group === undefined) return this.#start(folder)
    // The one that runs may have begun before our change.
    group.next ??= group.running.then(() => this.#start(folder))
    return group.next
  }

  /** All files in a folder, and those in its folders, with their names. */
  async tree(folder: string): Promise<void> {
    if (this.#durability === 'rename') return
    const entries = (await reached(readdir(folder, { withFileTypes: true }))) ?? []
    await Promise.all(
      entries.map(async entry => {
        const path = join(folder, entry.name)
        if (entry.isDirectory()) return this.tree(path)
        if (entry.isFile()) await sync(path)
      }),
    )
    await sync(folder)
  }

  #start(folder: string): Promise<void> {
    const running = sync(folder).finally(() => {
      if (this.#folders.get(folder)?.next === undefined) this.#folders.delete(folder)
    })
    this.#folders.set(folder, { running, next: undefined })
    return running
  }
}

async function sync(path: string): Promise<void> {
  // It may have been changed for a link or a pipe since it was listed.
  await using file = await reached(
    open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK),
  )
  await file?.sync()
}

/** What a path can't name, because it is nested too deep, or what nobody may read, is nothing that we wrote. */
async function reached<T>(look: Promise<T>): Promise<T | undefined> {
  try {
    return await look
  } catch (error) {
    if (hasCode(error, 'ENAMETOOLONG', 'EACCES', 'ELOOP', 'ENXIO', 'ENOTDIR')) return undefined
    throw error
  }
}
