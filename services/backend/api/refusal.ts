import type { Problem } from '../../../lib/problem.ts'

/** What a handler throws to answer with problem details. Its words are of a messages table. */
export class Refusal extends Error {
  readonly status: number
  readonly problem: Problem
  readonly headers: Readonly<Record<string, string>>

  constructor(status: number, problem: Problem, headers: Readonly<Record<string, string>> = {}) {
    super(problem.what)
    this.name = 'Refusal'
    this.status = status
    this.problem = problem
    this.headers = headers
  }
}
