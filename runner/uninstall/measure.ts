import type { Stats } from 'node:fs'
import { join } from 'node:path'
import { setImmediate as breathe } from 'node:timers/promises'
import { entriesOf, lstatOf, mountPoints } from './paths.ts'
import type { Item, Size } from './item.ts'

/** Measures items one after the other. What one has counted, no other counts again. */
export class Measure {
  readonly #inodes = new Set<string>()
  readonly #items: ReadonlySet<string>
  readonly #tracked: ReadonlySet<string>
  readonly #mounts = mountPoints()
  #seen = 0

  /** `tracked`: files that stay. */
  constructor(items: readonly Item[], tracked: ReadonlySet<string>) {
    this.#items = new Set(items.map(item => item.path))
    this.#tracked = tracked
  }

  async size({ path, only }: Item): Promise<Size> {
    const sum = { files: 0, bytes: 0 }
    for (const one of only ?? [path]) await this.#add(one, sum)
    return sum
  }

  async #add(path: string, sum: { files: number; bytes: number }): Promise<void> {
    const stat = lstatOf(path)
    if (stat === undefined || this.#tracked.has(path)) return
    // A tree of 30,000 files takes a while; Ctrl-C has to get through.
    if (++this.#seen % 500 === 0) await breathe()
    if (!stat.isDirectory()) sum.files++
    sum.bytes += this.#bytesOf(stat)
    if (!stat.isDirectory()) return
    for (const { name } of entriesOf(path)) {
      const child = join(path, name)
      // What is mounted there stays.
      if (!this.#items.has(child) && !this.#mounts.has(child)) await this.#add(child, sum)
    }
  }

  /** Blocks, since files may be sparse; of hard links, the first one counts. */
  #bytesOf(stat: Stats): number {
    if (stat.nlink > 1 && !stat.isDirectory()) {
      const inode = `${stat.dev}:${stat.ino}`
      if (this.#inodes.has(inode)) return 0
      this.#inodes.add(inode)
    }
    return stat.blocks * 512
  }
}
