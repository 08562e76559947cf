import { ProblemError } from '../../lib/problem.ts'
import { says } from './messages.ts'

export const groups = ['program', 'stack', 'environment', 'models', 'machine', 'network'] as const
export type Group = (typeof groups)[number]

/** What one look has shown. */
export interface Check {
  /** For programs; several may have one, such as a model each. */
  readonly id: string
  readonly group: Group
  /** `fail`: something is broken. `warn`: it works, or will as soon as it is installed. `skip`: there was nothing to look at. */
  readonly state: 'ok' | 'warn' | 'fail' | 'skip'
  /** One sentence, with figures. */
  readonly found: string
  /** What to do about it, where possible a command to paste. */
  readonly mend?: string
}

/**
 * One look. Whatever it runs into is a finding, too, so that one broken thing hides no other: only our own bugs are thrown.
 */
export async function lookFor(
  group: Group,
  id: string,
  look: () => readonly Check[] | Promise<readonly Check[]>,
): Promise<readonly Check[]> {
  try {
    return await look()
  } catch (error) {
    if (error instanceof ProblemError) return [says.problem(group, id, error.problem)]
    const { code, path } = error as NodeJS.ErrnoException
    if (code === undefined || code.startsWith('ERR_')) throw error
    return [says.closed(group, id, path, code)]
  }
}
