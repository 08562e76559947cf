import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { tempDir } from '../support/temp.ts'

/** A file system of its own for one test. */
export interface Mounted extends AsyncDisposable {
  readonly path: string
  remount(options: 'ro' | 'rw'): void
}

/** False, or why this machine can't mount one. */
export function noMounts(): false | string {
  if (process.getuid?.() !== 0) return 'only root can mount'
  try {
    // In a namespace that ends with the command.
    execFileSync('unshare', ['--mount', 'mount', '-t', 'tmpfs', 'courante-test', tmpdir()], { stdio: 'pipe' })
    return false
  } catch {
    return 'this container may not mount'
  }
}

/** A tmpfs of `size` bytes, on a temporary folder or on one that is given. */
export async function mounted(size: number, at?: string): Promise<Mounted> {
  const dir = await tempDir()
  const path = at ?? join(dir.path, 'mount')
  mkdirSync(path, { recursive: true })
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'courante-test', path], { stdio: 'pipe' })
  const dispose = async () => {
    // Lazily: a test that fails may have left something open.
    execFileSync('umount', ['-l', path], { stdio: 'pipe' })
    await dir[Symbol.asyncDispose]()
  }
  const remount = (options: 'ro' | 'rw') =>
    void execFileSync('mount', ['-o', `remount,${options}`, path], { stdio: 'pipe' })
  return { path, remount, [Symbol.asyncDispose]: dispose }
}
