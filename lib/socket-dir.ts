import { createHash } from 'node:crypto'
import { chmodSync, lstatSync, mkdirSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join, resolve } from 'node:path'

/**
 * The folder for the Unix sockets that belong to a home folder: short, since a socket's path may have about 107 bytes,
 * the same for every process of one user, and closed to others.
 */
export function socketDir(home: string, env: Readonly<Record<string, string | undefined>>): string {
  const hash = createHash('sha256').update(resolve(home)).digest('hex').slice(0, 12)
  const runtime = env['XDG_RUNTIME_DIR']
  return runtime !== undefined && runtime !== ''
    ? join(runtime, `courante-${hash}`)
    : join(tmpdir(), `courante-${userInfo().uid}-${hash}`)
}

/** Creates that folder with mode 0700. Throws if somebody else made it first: their sockets could pose as ours. */
export function makeSocketDir(dir: string): void {
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  const stat = lstatSync(dir)
  if (!stat.isDirectory() || stat.uid !== userInfo().uid) {
    throw new Error(`${dir} belongs to somebody else; remove it or set XDG_RUNTIME_DIR`)
  }
  chmodSync(dir, 0o700)
}
