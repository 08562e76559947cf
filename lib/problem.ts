import { plainLines } from './plain.ts'

/** Words for a person about something that went wrong: what happened, what to do about it, and the exit code for scripts. */
export interface Problem {
  /** One word for programs, such as `port_busy`. */
  readonly code: string
  /** What happened, one sentence without a full stop at a line's end being required. */
  readonly what: string
  /** What to do about it. */
  readonly todo?: string
  readonly exit: number
}

/** Carries a problem up to the main that prints it; for expected failures that end a command. */
export class ProblemError extends Error {
  readonly problem: Problem

  constructor(problem: Problem, options?: ErrorOptions) {
    super(problem.what, options)
    this.name = 'ProblemError'
    this.problem = problem
  }
}

/**
 * How every program of this project prints a problem: `courante: what` and, on a line of its own, what to do. Both may hold
 * what a server or another program has said.
 */
export function formatProblem(problem: Problem): string {
  const lines = [`courante: ${problem.what}`]
  if (problem.todo !== undefined) lines.push(`  → ${problem.todo}`)
  return plainLines(lines.join('\n')) + '\n'
}
