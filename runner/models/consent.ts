import { Readable } from 'node:stream'
import { exitCodeOf, type Io } from '../../lib/io.ts'
import { ProblemError } from '../../lib/problem.ts'
import { agree } from '../install/consent.ts'
import { perform } from '../install/do.ts'
import { itemsOf } from '../install/item.ts'
import type { Step } from '../install/step.ts'
import { problems, words } from './messages.ts'
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
  const quiet = values.json === true
  // With --json, stdout is the answer's alone, and nobody is asked.
  const told = quiet ? { ...io, stdout: io.stderr, stdin: Readable.from([]) } : io
  const agreed = await agree(itemsOf(steps), isGranted(values, io) ? 'yes' : 'ask', told, { dir, known: [] })
  if (io.signal.aborted) return exitCodeOf(String(io.signal.reason))
  switch (agreed.type) {
    case 'cannot_ask':
      throw new ProblemError(problems.cannotAsk(agreed.planText))
    case 'declined':
      throw new ProblemError(problems.declined())
    case 'failed':
      throw new ProblemError(agreed.problem)
    case 'agreed': {
      const done = await perform(agreed.items, told)
      const [first, ...more] = done.problems
      for (const problem of more) io.stderr.write(words.note(problem.what))
      if (first !== undefined) throw new ProblemError(first)
      return undefined
    }
  }
}
