import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** The first executable file of that name on PATH. */
export function findOnPath(name: string, path: string | undefined): string | undefined {
  return (path ?? '')
    .split(delimiter)
    .filter(folder => folder !== '')
    .map(folder => join(folder, name))
    .find(isExecutable)
}

/** For this user; also at the end of a link. */
export function isExecutable(file: string): boolean {
  try {
    if (statSync(file, { throwIfNoEntry: false })?.isFile() !== true) return false
    accessSync(file, constants.X_OK)
    return true
  } catch (error) {
    // Also a folder of PATH that this user may not enter.
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EACCES' || code === 'ENOTDIR' || code === 'ELOOP') return false
    throw error
  }
}
