import { ProblemError } from '../../lib/problem.ts'
import { problems } from './messages.ts'
import type { Models } from './open.ts'

export interface AddValues {
  readonly id?: string | undefined
  readonly name?: string | undefined
  readonly 'key-env'?: string | undefined
  readonly kind?: 'llm' | 'embedding' | undefined
  readonly yes?: boolean | undefined
  readonly json?: boolean | undefined
}

/** An entry of models.yaml as it is written there. */
export interface NewEntry {
  readonly id: string
  readonly kind: 'llm' | 'embedding'
  readonly [key: string]: string
}

/** Throws a problem for an id that a model has already. */
export function checkFree(id: string, { models, where }: Models): void {
  if (models.has(id)) throw new ProblemError(problems.idTaken(id, where))
}
