import { rmdirSync } from 'node:fs'

/** A folder in which something lies, or that is not ours to remove, stays. */
export function removeIfEmpty(folder: string): void {
  try {
    rmdirSync(folder)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (!stays.has(code ?? '')) throw error
  }
}

/** ENOTDIR: a link to a folder. */
const stays = new Set(['ENOTEMPTY', 'EEXIST', 'ENOENT', 'ENOTDIR', 'EACCES', 'EPERM', 'EROFS', 'EBUSY'])
