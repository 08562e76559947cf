import { mkdirSync, renameSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { copyIn, type CopyOutcome, defaultCopyLimits } from './copy-in.ts'
import type { Disk } from './disk.ts'
import { hasCode, isFolder, isThere, makeFolder, moved, removeAside, removeEmpty } from './moves.ts'

/**
 * How a job of another user becomes ours. `<id>~<n>.in/` is our folder: `from` in it is the client's, who may still write to it,
 * and `copy` what we have of it. A whole copy becomes `<id>~<n>`, and from then on that is the job, as with one user. Whoever takes
 * the wrapper away has taken both, so a claimer that lost its lease while it copied finds nothing to go on with.
 */
export function wrapperOf(folder: string): string {
  return `${folder}.in`
}

export function isWrapped(folder: string): boolean {
  return isThere(wrapperOf(folder))
}

/** Of a folder that was just claimed. False: it is not there any more. */
export function wrap(folder: string): boolean {
  makeFolder(wrapperOf(folder))
  if (moved(folder, join(wrapperOf(folder), 'from'))) return true
  removeEmpty(wrapperOf(folder))
  return false
}

/** Before anything reads the job. After a refusal there is a folder, too, for the answer. Throws ENOENT: the lease is lost. */
export async function copyOver(folder: string, trash: string, disk: Disk): Promise<CopyOutcome> {
  const copy = join(wrapperOf(folder), 'copy')
  const copied = await copyIn(join(wrapperOf(folder), 'from'), copy, defaultCopyLimits)
  // What the client had synced is removed now.
  await disk.tree(copy)
  renameSync(copy, folder)
  removeAside(wrapperOf(folder), trash)
  return copied
}

/** For the answer to a job that is not to be read. Throws ENOENT: the lease is lost. */
export function leaveOut(folder: string, trash: string): void {
  const copy = join(wrapperOf(folder), 'copy')
  if (!isThere(copy)) mkdirSync(copy)
  renameSync(copy, folder)
  removeAside(wrapperOf(folder), trash)
}

/**
 * What becomes of a wrapper in the folder of a claimer that died or lost its lease. `mine`: where the same job would lie in our
 * own. Gives the path of the client's folder, to be put back into the queue; undefined: the copy was whole and is the job, or
 * somebody else was faster.
 */
export function unwrap(folder: string, mine: string, trash: string): string | undefined {
  if (isThere(folder)) {
    removeAside(wrapperOf(folder), trash)
    return undefined
  }
  makeFolder(dirname(mine))
  // The fence. What lies in our own folder is found again if we are killed behind it.
  if (folder !== mine && !moved(wrapperOf(folder), wrapperOf(mine))) return undefined
  const from = join(wrapperOf(mine), 'from')
  if (!isThere(folder) && isFolder(from)) return from
  removeAside(wrapperOf(mine), trash)
  return undefined
}

export function isClosed(error: unknown): boolean {
  return hasCode(error, 'EACCES', 'EPERM')
}
