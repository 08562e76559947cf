import type { Result } from '../../services/portal/request.ts'

/** What was accepted, and every answer that anybody got, also late ones. */
export interface Ledger {
  readonly accepted: ReadonlyMap<string, number>
  readonly answers: readonly Result[]
}

export interface Verdict {
  readonly lost: readonly string[]
  readonly duplicated: readonly string[]
  readonly corrupt: readonly string[]
  /** Answered with `engine_crashed` after three killed attempts, which is an answer. */
  readonly gaveUp: readonly string[]
}

/** Holds the answers of `echo` against what was asked. */
export function check({ accepted, answers }: Ledger): Verdict {
  const times = new Map<string, number>()
  const corrupt: string[] = []
  const gaveUp: string[] = []
  for (const answer of answers) {
    times.set(answer.id, (times.get(answer.id) ?? 0) + 1)
    const value = accepted.get(answer.id)
    if (!answer.ok && answer.error.code === 'engine_crashed') gaveUp.push(answer.id)
    else if (value === undefined || !answer.ok || answer['square'] !== value ** 2) corrupt.push(answer.id)
  }
  return {
    lost: [...accepted.keys()].filter(id => !times.has(id)),
    duplicated: [...times].filter(([, count]) => count > 1).map(([id]) => id),
    corrupt,
    gaveUp,
  }
}
