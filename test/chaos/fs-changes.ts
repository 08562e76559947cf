import fs from 'node:fs'
import promises from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'

/** Of these the call itself is the change. */
const changers =
  'mkdir writeFile appendFile copyFile cp rename link symlink truncate utimes chmod rm rmdir unlink'.split(
    ' ',
  )

/**
 * From now on each change that this process makes to the file system, by `node:fs` (the synchronous functions) or
 * `node:fs/promises`, is told to `before` first, with the path that it changes; what that throws, the change throws, and
 * does not happen. What `before` itself does is not told. A write to an open file counts with its opening.
 * Modules that were loaded before see it, too.
 */
export function beforeChanges(before: (what: string, path: string) => void): void {
  let inside = false
  const tell = (what: string, path: unknown): void => {
    inside = true
    try {
      before(what, String(path))
    } finally {
      inside = false
    }
  }
  wrap(fs, 'Sync', (name, real) => (...args) => {
    // One of these may call another.
    if (inside || !changes(name, args)) return real(...args)
    tell(name, args[0])
    inside = true
    try {
      return real(...args)
    } finally {
      inside = false
    }
  })
  wrap(promises, '', (name, real) => async (...args) => {
    if (!inside && changes(name, args)) tell(name, args[0])
    return real(...args)
  })
  syncBuiltinESMExports()
}

/** For `beforeChanges`: a change that a full disk can't refuse. */
export function makesRoom(what: string): boolean {
  return ['rm', 'rmdir', 'unlink', 'utimes', 'chmod'].includes(what)
}

type Call = (...args: readonly unknown[]) => unknown

function wrap(module: object, suffix: string, wrapped: (name: string, real: Call) => Call): void {
  const api = module as Record<string, Call>
  for (const name of [...changers, 'open']) {
    const real = api[`${name}${suffix}`]
    if (real === undefined) throw new Error(`there is no ${name}${suffix}`)
    api[`${name}${suffix}`] = wrapped(name, real)
  }
}

function changes(name: string, args: readonly unknown[]): boolean {
  if (name !== 'open') return true
  const flags = args[1] ?? 'r'
  if (typeof flags === 'number')
    return (flags & (fs.constants.O_CREAT | fs.constants.O_WRONLY | fs.constants.O_RDWR)) !== 0
  return typeof flags === 'string' && /[aw+]/.test(flags)
}
