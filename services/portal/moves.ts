import { lstatSync, mkdirSync, renameSync, rmdirSync, rmSync, unlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { newId } from './ids.ts'

/**
 * The small steps on names are synchronous: each takes microseconds, a tenth of what its promise would cost
 * (docs/decisions/005-synchronous-steps.md).
 */

/** Renames a folder. False: the source is not there any more, or the target is taken by a folder with something in it. */
export function moved(from: string, to: string): boolean {
  try {
    renameSync(from, to)
    return true
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTEMPTY', 'EEXIST')) return false
    // Somebody put a file where a job's folder belongs.
    if (!hasCode(error, 'ENOTDIR') || isFolder(to)) throw error
    rmSync(to)
    return moved(from, to)
  }
}

/** With its parents. Node's own recursive `mkdir` says ENOENT where the disk is read-only, and never returns below `/proc`. */
export function makeFolder(path: string, mode = 0o777): void {
  try {
    mkdirSync(path, { mode })
  } catch (error) {
    if (hasCode(error, 'EEXIST') && isFolder(path)) return
    const parent = dirname(path)
    if (!hasCode(error, 'ENOENT') || parent === path || isThere(parent)) throw error
    makeFolder(parent, mode)
    makeFolder(path, mode)
  }
}

/** Removes a folder in one step for whoever looks: half a job is never seen. `aside` is on the same file system. */
export function removeAside(folder: string, aside: string): void {
  const gone = join(aside, newId())
  makeFolder(aside)
  if (moved(folder, gone)) removeIfOpen(gone)
}

/** Whatever it is; no link is followed, and it may be nested deeper than a path can say, which the asynchronous `rm` can't. */
export function removeAll(path: string): void {
  rmSync(path, { recursive: true, force: true })
}

/** `removeAll`, or as much of it as its owner has not closed to everybody. */
export function removeIfOpen(path: string): void {
  try {
    removeAll(path)
  } catch (error) {
    if (!hasCode(error, 'EACCES', 'EPERM', 'ENOTEMPTY')) throw error
  }
}

/** Where it is there. */
export function removeFile(path: string): void {
  ifThereNow(() => unlinkSync(path))
}

/** Unless there is something in it. */
export function removeEmpty(folder: string): void {
  try {
    rmdirSync(folder)
  } catch (error) {
    if (!hasCode(error, 'ENOENT', 'ENOTEMPTY')) throw error
  }
}

/** What `look` gives, or undefined where there is nothing at its path. */
export async function ifThere<T>(look: Promise<T>): Promise<T | undefined> {
  try {
    return await look
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return undefined
    throw error
  }
}

/** `ifThere` at once. */
export function ifThereNow<T>(look: () => T): T | undefined {
  try {
    return look()
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return undefined
    throw error
  }
}

/** Whether there is anything at this path, a broken link too. */
export function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined
}

/** No link to one, either. */
export function isFolder(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true
}

export function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  return codes.includes((error as NodeJS.ErrnoException).code ?? '')
}
