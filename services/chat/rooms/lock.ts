import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { parseIdentity } from '../../../lib/identity-schema.ts'
import { ProblemError } from '../../../lib/problem.ts'
import { identify } from '../../../lib/process-identity.ts'
import { roomProblems } from '../messages.ts'

/**
 * Makes this process the only one that writes these rooms, until it ends in whatever way. SQLite brings the system's own
 * lock, which Node has not: it can't be left behind, and two can't take it at once. Throws a ProblemError that names who
 * has it.
 */
export function lockRooms(folder: string): Disposable {
  const owner = join(folder, '.lock-owner')
  const lock = new DatabaseSync(join(folder, '.lock'), { timeout: 0 })
  try {
    lock.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
  } catch (error) {
    lock.close()
    // SQLITE_BUSY
    if ((error as { errcode?: number }).errcode !== 5) throw error
    throw new ProblemError(roomProblems.inUse(pidIn(owner)), { cause: error })
  }
  // Only for people and for the sentence above.
  writeFileSync(owner, JSON.stringify(identify(process.pid)))
  return { [Symbol.dispose]: () => lock.close() }
}

function pidIn(path: string): number | undefined {
  try {
    return parseIdentity(readFileSync(path, 'utf8'))?.pid
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
