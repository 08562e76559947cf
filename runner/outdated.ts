import type { Io } from '../lib/io.ts'
import { ProblemError } from '../lib/problem.ts'
import { isOutdated } from './launch.ts'
import { notices } from './messages.ts'
import { runContext, type WhereValues } from './run-context.ts'

/** A restart takes the settings that the run began with: who has changed them since is told so. */
export async function tellOutdated(values: WhereValues, io: Io): Promise<void> {
  try {
    if (await isOutdated(await runContext(values, io)))
      io.stderr.write(notices.note(notices.outdated().trimEnd()))
  } catch (error) {
    // A stack file that is broken by now: `up` and `check` say where.
    if (!(error instanceof ProblemError)) throw error
  }
}
