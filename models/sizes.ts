import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { reachableOr } from '../lib/reachable.ts'
import { partsOf } from './parts.ts'
import { statFile } from './stat-file.ts'

const againMs = 10_000

/**
 * How big files and folders are. A folder is looked through every 10 s, and sooner where its own list of names has changed:
 * the data of a voice are hundreds of files, and what changes below it shows nowhere above.
 */
export class Sizes {
  readonly #now: () => number
  readonly #folders = new Map<
    string,
    { readonly stamp: string; readonly at: number; readonly bytes: number }
  >()

  /** `now`: milliseconds on any clock that only goes forward. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now
  }

  /** Of a file, or of all files in a folder and below; undefined where nothing is. */
  bytesAt(path: string): number | undefined {
    const stat = reachableOr(undefined, () => statSync(path, { throwIfNoEntry: false }))
    if (stat?.isDirectory() !== true) return stat?.isFile() === true ? stat.size : undefined
    const [stamp, at] = [`${stat.dev}:${stat.ino}:${stat.mtimeMs}`, this.#now()]
    const known = this.#folders.get(path)
    // One without content is not a model yet, and somebody waits for it to be one.
    if (known?.stamp === stamp && known.bytes > 0 && at - known.at < againMs) return known.bytes
    const bytes = bytesBelow(path)
    if (this.#folders.size >= 1000) this.#folders.clear()
    this.#folders.set(path, { stamp, at, bytes })
    return bytes
  }

  /** Of these together, with the other parts of those that have any. Those that are empty count as missing. */
  contentOf(paths: readonly string[]): { readonly bytes: number; readonly missing: readonly string[] } {
    const all = paths.flatMap(partsOf).map(path => [path, this.bytesAt(path) ?? 0] as const)
    const missing = all.filter(([, bytes]) => bytes === 0).map(([path]) => path)
    return { bytes: all.reduce((sum, [, bytes]) => sum + bytes, 0), missing }
  }
}

function bytesBelow(folder: string): number {
  const entries = reachableOr([], () => readdirSync(folder, { recursive: true, withFileTypes: true }))
  return entries.reduce((sum, { parentPath, name }) => sum + (statFile(join(parentPath, name))?.size ?? 0), 0)
}
