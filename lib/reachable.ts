import { readdirSync, readFileSync } from 'node:fs'

/** What a look at a path gives, or the other thing where there is none, or it can't be looked at. Any other error is thrown. */
export function reachableOr<T>(otherwise: T, look: () => T): T {
  try {
    return look()
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== undefined && unreachable.has(code)) return otherwise
    throw error
  }
}

/** In no order. */
export function namesIn(folder: string): string[] {
  return reachableOr([], () => readdirSync(folder))
}

export function textOf(path: string): string {
  return reachableOr('', () => readFileSync(path, 'utf8'))
}

/** Why a path can't be looked at that is nobody's fault here. */
export const unreachable = new Set([
  'ENOENT',
  'ENOTDIR',
  'EISDIR',
  'EACCES',
  'EPERM',
  'ELOOP',
  'ENAMETOOLONG',
  'EINVAL',
  // Of disks that are elsewhere, or broken.
  'EIO',
  'ENXIO',
  'ENODEV',
  'ESTALE',
  'ENOTCONN',
  'EHOSTDOWN',
  'ETIMEDOUT',
  // In /proc, of a process that ended between two looks.
  'ESRCH',
])
