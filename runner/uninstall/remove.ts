import { renameSync, rmdirSync, unlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setImmediate as breathe } from 'node:timers/promises'
import { removeIfEmpty } from '../../lib/remove-if-empty.ts'
import type { Item } from './item.ts'
import { entriesOf, isInside, lstatOf, mountPoints } from './paths.ts'

export interface NotRemoved {
  readonly path: string
  /** The system's code, such as EACCES, or `other_disk`. */
  readonly reason: string
}

interface RemoveOptions {
  readonly tracked: ReadonlySet<string>
  /** No folder that holds one of these is removed. */
  readonly untouchable: readonly string[]
  readonly signal: AbortSignal
}

/**
 * Removes one item, never what a link leads to and never what is mounted below it. What can't be removed is collected, and
 * the rest goes on. Throws the signal's reason when it aborts: what is left by then, another call removes.
 */
export async function remove(item: Item, options: RemoveOptions): Promise<NotRemoved[]> {
  const { path, only, last } = item
  const guarded = options.untouchable.find(kept => isInside(kept, path))
  if (only === undefined && guarded !== undefined) throw new Error(`${path} holds ${guarded}`)
  const walk = new Walk(options, last)
  for (const one of only ?? [path]) await walk.remove(one)
  if (last !== undefined) await walk.removeLast(last, path)
  if (only !== undefined) removeEmpty(only, path)
  return walk.left
}

/**
 * Moves a tree out of its place at once, so that nobody finds half of it there. Where it lies then; undefined where it
 * can't be moved, or is a link.
 */
export function putAside(path: string, folder: string): string | undefined {
  if (lstatOf(path)?.isDirectory() !== true) return undefined
  const aside = join(folder, `${asidePrefix}${process.pid}-${process.hrtime.bigint()}`)
  try {
    renameSync(path, aside)
    return aside
  } catch (error) {
    // It goes where it lies, then.
    if ((error as NodeJS.ErrnoException).code === undefined) throw error
    return undefined
  }
}

/** By this, what an uninstall that was killed has left is known. */
export const asidePrefix = 'removed-'

class Walk {
  readonly left: NotRemoved[] = []
  readonly #options: RemoveOptions
  readonly #last: string | undefined
  readonly #mounts = mountPoints()
  #seen = 0

  constructor(options: RemoveOptions, last: string | undefined) {
    this.#options = options
    this.#last = last
  }

  /** False: it is still there. */
  async remove(path: string, disk?: number): Promise<boolean> {
    const { tracked, signal } = this.#options
    // Where Ctrl-C gets through.
    if (this.#seen++ % 100 === 0) await breathe()
    signal.throwIfAborted()
    if (tracked.has(path) || path === this.#last) return false
    const stat = lstatOf(path)
    if (stat === undefined) return true
    if (!stat.isDirectory()) return this.#try(path, unlinkSync)
    if (disk !== undefined && (stat.dev !== disk || this.#mounts.has(path)))
      return this.#leave(path, 'other_disk')
    let isEmpty = true
    for (const { name } of entriesOf(path)) {
      isEmpty = (await this.remove(join(path, name), stat.dev)) && isEmpty
    }
    // What is in it was told of.
    return isEmpty ? this.#try(path, rmdirSync) : false
  }

  /** Once all else in the tree is gone. */
  async removeLast(last: string, tree: string): Promise<void> {
    if (this.left.length > 0 || lstatOf(last) === undefined) return
    this.#try(last, unlinkSync)
    await this.remove(tree)
  }

  #try(path: string, act: (path: string) => void): boolean {
    try {
      act(path)
      return true
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === undefined) throw error
      return code === 'ENOENT' || this.#leave(path, code)
    }
  }

  #leave(path: string, reason: string): false {
    this.left.push({ path, reason })
    return false
  }
}

/** The folders of these files from the deepest up to `top`, as far as nothing else lies in them. */
function removeEmpty(files: readonly string[], top: string): void {
  const folders = new Set<string>([top])
  for (const file of files) {
    for (let at = dirname(file); isInside(at, top) && at !== top; at = dirname(at)) folders.add(at)
  }
  for (const folder of [...folders].sort((a, b) => b.length - a.length)) removeIfEmpty(folder)
}
