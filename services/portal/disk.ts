import { closeSync, constants, fdatasync, fsync, openSync, readdirSync } from 'node:fs'
import { hasCode } from './moves.ts'

/** `rename`: accepted requests survive the kill of any process. `fsync`: the loss of power too. */
export type Durability = 'rename' | 'fsync'

/** As the environment says it: `COURANTE_DURABILITY=fsync`, for all that use the portals of a stack. */
export function durabilityOf(env: Readonly<Record<string, string | undefined>>): Durability {
  return env['COURANTE_DURABILITY'] === 'fsync' ? 'fsync' : 'rename'
}

/**
 * What has to be on the disk before a step counts. Many jobs at once sync one folder: those that ask while a sync of it runs
 * share the next one, so it is one for the group; all others run side by side, as many as `UV_THREADPOOL_SIZE` allows.
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

  /** What is in a file. */
  async file(path: string): Promise<void> {
    if (this.#durability === 'fsync') await sync(path, fdatasync)
  }

  /** The files in a folder whose names are `wanted`, all that is in its folders of such names, and its names. */
  async tree(folder: string, wanted: (name: string) => boolean = () => true): Promise<void> {
    if (this.#durability === 'rename') return
    const { folders, files } = pathsIn(folder, wanted)
    const syncs = [...folders.map(path => sync(path, fsync)), ...files.map(path => sync(path, fdatasync))]
    await Promise.all(syncs)
  }

  #start(folder: string): Promise<void> {
    const running = sync(folder, fsync).finally(() => {
      if (this.#folders.get(folder)?.next === undefined) this.#folders.delete(folder)
    })
    this.#folders.set(folder, { running, next: undefined })
    return running
  }
}

interface Paths {
  readonly folders: string[]
  readonly files: string[]
}

function pathsIn(folder: string, wanted: (name: string) => boolean): Paths {
  const paths: Paths = { folders: [folder], files: [] }
  for (const entry of reached(() => readdirSync(folder, { withFileTypes: true })) ?? []) {
    if (!wanted(entry.name)) continue
    const path = `${folder}/${entry.name}`
    if (entry.isFile()) paths.files.push(path)
    if (!entry.isDirectory()) continue
    const inner = pathsIn(path, () => true)
    paths.folders.push(...inner.folders)
    paths.files.push(...inner.files)
  }
  return paths
}

/**
 * Only the wait for the disk is left to another thread: the rest takes less than the way there. `fdatasync` is enough for a file:
 * one that was written over and kept its size then costs the file system's journal nothing.
 */
function sync(path: string, how: typeof fsync | typeof fdatasync): Promise<void> {
  // It may have been changed for a link or a pipe since it was listed.
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
  return new Promise((resolve, reject) => {
    const file = reached(() => openSync(path, flags))
    if (file === undefined) return resolve()
    how(file, error => {
      closeSync(file)
      if (error === null) resolve()
      else reject(error)
    })
  })
}

/** What a path can't name, because it is nested too deep, or what nobody may read, is nothing that we wrote. */
function reached<T>(look: () => T): T | undefined {
  try {
    return look()
  } catch (error) {
    if (hasCode(error, 'ENAMETOOLONG', 'EACCES', 'ELOOP', 'ENXIO', 'ENOTDIR')) return undefined
    throw error
  }
}
