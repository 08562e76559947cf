import { randomUUID } from 'node:crypto'
import { lstat, mkdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'

/** Renames a folder. False: the source is not there any more, or the target is taken by a folder with something in it. */
export async function moved(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to)
    return true
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTEMPTY', 'EEXIST')) return false
    // Somebody put a file where a job's folder belongs.
    if (!hasCode(error, 'ENOTDIR') || (await lstat(to)).isDirectory()) throw error
    await rm(to)
    return moved(from, to)
  }
}

/** Removes a folder in one step for whoever looks: half a job is never seen. `aside` is on the same file system. */
export async function removeAside(folder: string, aside: string): Promise<void> {
  const gone = join(aside, randomUUID())
  await mkdir(aside, { recursive: true })
  if (await moved(folder, gone)) await rm(gone, { recursive: true, force: true })
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

export function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  return codes.includes((error as NodeJS.ErrnoException).code ?? '')
}
