import type { FSWatcher } from 'node:fs'
import { basename } from 'node:path'
import { watchFolder } from '../../../lib/watch-folder.ts'
import { foldersIn, type Place, placeOf, placesIn } from './places.ts'

export interface FoldersHeard {
  /** New, changed, or as it was. */
  readonly found: (place: Place) => void
  /** Something may have happened to a room of this id, whose file is not there. */
  readonly missing: (id: string) => void
  readonly ignored: (path: string, why: string) => void
  /** While nobody waited: it would end the process. */
  readonly failed: (error: unknown) => void
}

/** The folders in which rooms lie, watched; and looked through, since a watch may miss things. */
export class RoomFolders {
  readonly #root: string
  readonly #heard: FoldersHeard
  readonly #watches = new Map<string, FSWatcher | undefined>()
  #closed = false

  constructor(root: string, heard: FoldersHeard) {
    this.#root = root
    this.#heard = heard
  }

  /** Tells of every room that is there, and gives them. */
  look(): Place[] {
    const places = foldersIn(this.#root).flatMap(folder => placesIn(this.#root, folder, this.#heard.ignored))
    for (const place of places) this.#heard.found(place)
    return places
  }

  /** Watches each folder once, also of users who are new; what lies there already is told. */
  watch(): void {
    const folders = new Set(foldersIn(this.#root))
    for (const [folder, watch] of this.#watches) {
      if (folders.has(folder) && watch !== undefined) continue
      watch?.close()
      this.#watches.delete(folder)
    }
    for (const folder of folders) {
      if (this.#watches.has(folder)) continue
      const watch = watchFolder(folder, name => {
        try {
          this.#noticed(folder, name)
        } catch (error) {
          this.#heard.failed(error)
        }
      })
      watch?.unref()
      this.#watches.set(folder, watch)
      for (const place of placesIn(this.#root, folder, this.#heard.ignored)) this.#heard.found(place)
    }
  }

  close(): void {
    this.#closed = true
    for (const watch of this.#watches.values()) watch?.close()
  }

  #noticed(folder: string, name: string | null): void {
    if (this.#closed || name?.startsWith('.') === true) return
    // Not every system tells the name.
    if (name === null) return void this.look()
    if (!name.endsWith('.bb')) {
      if (folder === this.#root) this.watch()
      return
    }
    const relative = folder === this.#root ? name : `${basename(folder)}/${name}`
    const place = placeOf(this.#root, relative, this.#heard.ignored)
    if (place === undefined) this.#heard.missing(relative.slice(0, -'.bb'.length))
    else this.#heard.found(place)
  }
}
