import { rmSync } from 'node:fs'
import { join } from 'node:path'
import type { LogLimits } from '../stack/model.ts'
import { namesIn, segmentName, statOf } from './log-segments.ts'

/**
 * Keeps a folder of logs within its limits: deletes what is older than `maxAgeMs`, then the oldest, until all files of the
 * folder together have at most `maxTotal` bytes. Only earlier segments (with their indexes) and earlier pane logs go, never
 * a file that something may still write to. Returns the names of the deleted files.
 */
export function keepLogs(
  folder: string,
  limits: Pick<LogLimits, 'maxTotal' | 'maxAgeMs'>,
  now: number,
): string[] {
  const files = new Map<string, File>()
  for (const name of namesIn(folder)) {
    const stat = statOf(join(folder, name))
    if (stat?.isFile() === true) files.set(name, { size: stat.size, changed: stat.mtimeMs })
  }
  return toDelete(files, limits, now).filter(name => remove(join(folder, name)))
}

interface File {
  readonly size: number
  /** When it was written last, epoch ms. */
  readonly changed: number
}

/** The decision, without the disk. */
function toDelete(
  files: ReadonlyMap<string, File>,
  limits: Pick<LogLimits, 'maxTotal' | 'maxAgeMs'>,
  now: number,
): string[] {
  let total = 0
  for (const { size } of files.values()) total += size
  const names: string[] = []
  const earlier = [...files].filter(([name]) => isEarlier(name))
  // Written in the same millisecond, the one with the lower offset is the older one.
  for (const [name, { size, changed }] of earlier.sort(
    ([a, { changed: one }], [b, { changed: other }]) => one - other || (a < b ? -1 : 1),
  )) {
    if (total <= limits.maxTotal && now - changed <= limits.maxAgeMs) break
    total -= size
    names.push(name)
    const index = name.replace(/\.log$/, '.index')
    total -= files.get(index)?.size ?? 0
    if (files.has(index)) names.push(index)
  }
  return names
}

/** A file that can't be deleted is no reason to take the supervisor down. */
function remove(path: string): boolean {
  try {
    rmSync(path, { force: true })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).syscall === undefined) throw error
    return false
  }
}

/** A segment that is full, or what the run before wrote (`….1.log`). */
function isEarlier(name: string): boolean {
  return segmentName.test(name) || name.endsWith('.1.log')
}
