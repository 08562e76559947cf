import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { findOnPath } from '../../lib/find-on-path.ts'
import type { Problem } from '../../lib/problem.ts'
import type { Environment, ToolNeed } from './environment.ts'
import type { Seen } from './look.ts'
import { messages, notices } from './messages.ts'

/** Those of which neither the program nor one in its place is on PATH. */
export function findMissingTools(tools: readonly ToolNeed[], path: string | undefined): ToolNeed[] {
  return tools.filter(({ name, or = [] }) => ![name, ...or].some(one => findOnPath(one, path) !== undefined))
}

/** Whether nothing has ever run here: then it is worth a line what could be had, later only `courante doctor` says it. */
export function isFirstRun({ home }: Environment): boolean {
  return !existsSync(join(home, 'logs'))
}

/** One problem and one line at most, each with one command line for all of it: nobody wants to go round twice. */
export function planTools({ missingTools, packageManager, firstRun }: Seen): {
  readonly problems: readonly Problem[]
  readonly notices: readonly string[]
} {
  const needed = missingTools.filter(tool => !tool.optional)
  const optional = missingTools.filter(tool => tool.optional)
  const [only] = needed
  return {
    problems:
      only === undefined
        ? []
        : needed.length === 1
          ? [messages.toolMissing(only, packageManager)]
          : [messages.toolsMissing(needed, packageManager)],
    notices: firstRun === true && optional.length > 0 ? [notices.toolsMissing(optional, packageManager)] : [],
  }
}
