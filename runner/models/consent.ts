import { exitCodeOf, type Io } from '../../lib/io.ts'
import { ProblemError } from '../../lib/problem.ts'
import { ask, describe } from '../install/ask.ts'
import { perform } from '../install/do.ts'
import type { Step } from '../install/step.ts'
import { problems } from './messages.ts'
import { isGranted } from './open.ts'

interface Values {
  readonly yes?: boolean | undefined
  readonly json?: boolean | undefined
}

/**
 * Asks for the downloads once and makes them. Undefined when all is here; else the exit code of a signal. Throws a
 * ProblemError where nobody can be asked, where the user declines, and for what fails.
 */
export async function fetchWithConsent(
  steps: readonly Step[],
  dir: string,
  values: Values,
  io: Io,
): Promise<number | undefined> {
  if (!isGranted(values, io)) {
    if (values.json === true || !isTerminal(io))
      throw new ProblemError(problems.cannotAsk(describe('models', steps, dir)))
    const answer = await ask('models', steps, io, dir)
    if (io.signal.aborted) return exitCodeOf(String(io.signal.reason))
    if (answer === 'no') throw new ProblemError(problems.declined())
  }
  // Then stdout is the answer's alone.
  const problem = await perform(steps, values.json === true ? { ...io, stdout: io.stderr } : io)
  if (problem !== undefined) throw new ProblemError(problem)
  return undefined
}

export function isTerminal(io: Io): boolean {
  return io.stdin.isTTY === true && io.stdout.isTTY === true
}
