import { type FSWatcher, statSync } from 'node:fs'
import { watchFolder } from './watch-folder.ts'

interface Folder {
  watcher: FSWatcher | undefined
  /** Which folder it was: another one may come under its name. */
  identity: string | undefined
  readonly listeners: Map<string | undefined, Set<() => void>>
}

/**
 * Who is told of which names, with one watch for each folder. Watches get lost (a folder is replaced, the system's queue
 * overflows) and are blind on network mounts, so they make a rescan quicker and replace none.
 */
export class Watches {
  readonly #folders = new Map<string, Folder>()

  /** Undefined as the name: of whatever happens in the folder. Returns what ends it. */
  add(folder: string, name: string | undefined, listener: () => void): () => void {
    const entry = this.#folders.get(folder) ?? this.#watch(folder)
    const set = entry.listeners.get(name) ?? new Set()
    // Who adds the same listener twice ends them one by one.
    const own = (): void => listener()
    entry.listeners.set(name, set.add(own))
    return () => {
      set.delete(own)
      if (set.size === 0) entry.listeners.delete(name)
      if (entry.listeners.size > 0 || this.#folders.get(folder) !== entry) return
      entry.watcher?.close()
      this.#folders.delete(folder)
    }
  }

  /** For each rescan: folders that have come, or are others by now, get a watch. */
  renew(): void {
    for (const [path, folder] of this.#folders) {
      const identity = identityOf(path)
      if (identity === folder.identity && (folder.watcher !== undefined || identity === undefined)) continue
      folder.watcher?.close()
      folder.identity = identity
      folder.watcher = identity === undefined ? undefined : this.#watcher(path, folder)
    }
  }

  close(): void {
    for (const { watcher } of this.#folders.values()) watcher?.close()
    this.#folders.clear()
  }

  #watch(path: string): Folder {
    const folder: Folder = { watcher: undefined, identity: identityOf(path), listeners: new Map() }
    if (folder.identity !== undefined) folder.watcher = this.#watcher(path, folder)
    this.#folders.set(path, folder)
    return folder
  }

  #watcher(path: string, { listeners }: Folder): FSWatcher | undefined {
    return watchFolder(path, name => {
      const told = name === null ? [...listeners.values()] : [listeners.get(name), listeners.get(undefined)]
      for (const set of told) for (const listener of set ?? []) listener()
    })
  }
}

function identityOf(path: string): string | undefined {
  try {
    const found = statSync(path, { bigint: true, throwIfNoEntry: false })
    return found && `${found.dev}:${found.ino}`
  } catch {
    // Not ours to see, a loop of links and the like: no folder that could be watched.
    return undefined
  }
}
