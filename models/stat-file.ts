import { type Stats, statSync } from 'node:fs'

/** Undefined where there is no regular file, through whatever links: a broken one, a folder, a pipe. */
export function statFile(path: string): Stats | undefined {
  try {
    const stat = statSync(path, { throwIfNoEntry: false })
    return stat?.isFile() === true ? stat : undefined
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== undefined && unreachable.has(code)) return undefined
    throw error
  }
}

/** Why a path can't be looked at that is nobody's fault here. */
export const unreachable = new Set([
  'ENOENT',
  'ENOTDIR',
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
])
