import { randomUUID } from 'node:crypto'
import { type FSWatcher, linkSync, readFileSync, rmSync, watch, writeFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { basename, dirname } from 'node:path'
import { parseIdentity } from '../../lib/identity-schema.ts'
import { identify, isAlive, type ProcessIdentity } from '../../lib/process-identity.ts'

export interface Lock {
  /** Whether somebody else had it first. */
  readonly waited: boolean
  release(): void
}

/**
 * Waits until no other process (and nobody else in this one) holds the lock. The owner's identity stands in it, so that the
 * lock of a killed process is noticed. Undefined where the file system can't make one: it takes a hard link, which is there
 * whole or not at all, and of which only one of several can be the first.
 */
export async function acquire(
  path: string,
  signal: AbortSignal,
  onWait: () => void,
): Promise<Lock | undefined> {
  let contendedSince: number | undefined
  for (let waited = false; ; waited = true) {
    signal.throwIfAborted()
    await mkdir(dirname(path), { recursive: true })
    const made = tryLink(path)
    if (made === 'impossible') return undefined
    if (made === 'made') return { waited, release: () => rmSync(path, { force: true }) }
    const owner = ownerOf(path)
    if (owner === undefined) continue
    if (owner === 'unreadable' || !isAlive(owner)) {
      const broken = breakLock(path, owner, performance.now() - (contendedSince ?? Infinity) > longestBreakMs)
      if (broken === 'impossible') return undefined
      contendedSince = broken === 'contended' ? (contendedSince ?? performance.now()) : undefined
      if (broken === 'contended') await delay(10, undefined, { signal })
      continue
    }
    if (!waited) onWait()
    await change(path, owner, signal)
  }
}

function tryLink(path: string): 'made' | 'taken' | 'impossible' {
  const own = `${path}.${randomUUID().slice(0, 8)}`
  try {
    writeFileSync(own, JSON.stringify(identify(process.pid)), { flag: 'wx' })
    linkSync(own, path)
    return 'made'
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST') return 'taken'
    // The folder may just have been removed by somebody who had finished.
    if (code === 'ENOENT') return 'taken'
    if (['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EACCES'].includes(code ?? ''))
      return 'impossible'
    throw error
  } finally {
    rmSync(own, { force: true })
  }
}

function ownerOf(path: string): ProcessIdentity | 'unreadable' | undefined {
  try {
    // Such as after a power cut, which may leave a file without its content.
    return parseIdentity(readFileSync(path, 'utf8')) ?? 'unreadable'
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return undefined
    if (code === 'EISDIR' || code === 'EACCES') return 'unreadable'
    throw error
  }
}

/**
 * Removes the lock of a process that has ended, and never that of one which took it over meanwhile: only who makes the link
 * named after the dead owner may remove its lock, and only if the link turns out to be that lock. Contended: somebody else has
 * made it; `isLeft`: they were killed in between.
 */
function breakLock(
  path: string,
  owner: ProcessIdentity | 'unreadable',
  isLeft: boolean,
): 'broken' | 'contended' | 'impossible' {
  const name = owner === 'unreadable' ? 'unreadable' : `${owner.pid}-${owner.started}`
  const grave = `${path}.${name.replaceAll(/\W/g, '_')}`
  try {
    linkSync(path, grave)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST' && isLeft) rmSync(grave, { force: true })
    if (code === 'EEXIST') return 'contended'
    if (code === 'ENOENT') return 'broken'
    // Something else has that name.
    if (code === 'EPERM' || code === 'EACCES') return 'impossible'
    throw error
  }
  const buried = ownerOf(grave)
  const isSame = owner === 'unreadable' ? buried === owner : typeof buried === 'object' && same(buried, owner)
  if (isSame) rmSync(path, { force: true })
  rmSync(grave, { force: true })
  return 'broken'
}

/** It takes microseconds. */
const longestBreakMs = 10_000

function same(one: ProcessIdentity, other: ProcessIdentity): boolean {
  return one.pid === other.pid && one.started === other.started && one.boot === other.boot
}

/** Until the lock is gone or another's. Nobody is told of a process that is killed: so it is looked at, too. */
function change(path: string, owner: ProcessIdentity, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const look = (): void => {
    const now = ownerOf(path)
    if (signal.aborted || typeof now !== 'object' || !same(now, owner) || !isAlive(owner)) resolve()
  }
  const timer = setInterval(look, 1000)
  const watcher = watched(dirname(path), name => void (name === basename(path) && look()))
  // The folder may go together with the lock.
  watcher?.on('error', look)
  signal.addEventListener('abort', look)
  look()
  return promise.finally(() => {
    clearInterval(timer)
    watcher?.close()
    signal.removeEventListener('abort', look)
  })
}

/** Undefined where nothing can be watched: the system has given out all that it has for it, or the folder is gone. */
function watched(folder: string, onChange: (name: string | null) => void): FSWatcher | undefined {
  try {
    return watch(folder, (_, name) => onChange(name))
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EMFILE' || code === 'ENOSPC' || code === 'ENOENT') return undefined
    throw error
  }
}
