import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { parseIdentity } from '../lib/identity-schema.ts'
import { identify, isAlive } from '../lib/process-identity.ts'

/**
 * Runs a short and synchronous change of a file while no other process does, by a file that says who is at it. Whoever was
 * killed there holds nobody up; one that is stopped does for a minute. Two that break the same lock in the same moment may
 * both go on: what the file guards has to be such that a lost change costs time and nothing else. Rejects if the signal
 * aborts before it is its turn.
 */
export async function withFileLock(
  path: string,
  signal: AbortSignal | undefined,
  change: () => void,
): Promise<void> {
  const own = JSON.stringify(identify(process.pid))
  let [seen, since]: [string | undefined, number] = [undefined, 0]
  while (!take(path, own)) {
    const text = textOf(path)
    if (text !== seen) [seen, since] = [text, performance.now()]
    if (text !== undefined && isLeft(text, performance.now() - since)) rmSync(path, { force: true })
    else await delay(5, undefined, { signal })
  }
  try {
    change()
  } finally {
    // Another's, where this process was stopped for so long.
    if (textOf(path) === own) rmSync(path, { force: true })
  }
}

/** Taking it, and what is done then, takes milliseconds. */
const patienceMs = 60_000
/** It may just be being written. */
const writingMs = 2000

function take(path: string, own: string): boolean {
  try {
    // No link of a complete file: there are disks without links.
    writeFileSync(path, own, { flag: 'wx' })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

/** By a process that has ended, or that has stood still for long. */
function isLeft(text: string, forMs: number): boolean {
  const owner = parseIdentity(text)
  return owner === undefined ? forMs > writingMs : !isAlive(owner) || forMs > patienceMs
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
