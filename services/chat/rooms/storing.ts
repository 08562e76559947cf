import { ProblemError } from '../../../lib/problem.ts'
import { isBusy, isDiskFull } from '../database.ts'
import { roomProblems } from '../messages.ts'

/** What writes to the database for a room; a full disk and a locked database are told in words. */
export function storing<T>(room: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (isDiskFull(error)) throw new ProblemError(roomProblems.diskFull(room), { cause: error })
    if (isBusy(error)) throw new ProblemError(roomProblems.busyDatabase(), { cause: error })
    throw error
  }
}
