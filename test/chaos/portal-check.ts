import type { Result } from '../../services/portal/request.ts'

/** An answer as it was seen. */
export type Answer = Result & {
  /** Which folder it lay in: seen again after a kill it is the same answer, another folder is another answer. */
  readonly folder?: string
  /** What is wrong with the files beside it. */
  readonly bent?: string
}

/** What was accepted, and every answer that anybody got, also late ones. */
export interface Ledger {
  readonly accepted: ReadonlyMap<string, number>
  readonly answers: readonly Answer[]
}

export interface Verdict {
  readonly lost: readonly string[]
  readonly duplicated: readonly string[]
  readonly corrupt: readonly string[]
  /** Answered with `engine_crashed` after three killed attempts, which is an answer. */
  readonly gaveUp: readonly string[]
}

/** Holds the answers of a service that squares against what was asked. */
export function check({ accepted, answers }: Ledger): Verdict {
  const seen = new Map<string, Set<string>>()
  const corrupt = new Set<string>()
  const gaveUp = new Set<string>()
  for (const [i, answer] of answers.entries()) {
    const { folder, ...content } = answer
    const same = seen.get(answer.id) ?? new Set()
    // The content, too: what was read must not change under its reader.
    seen.set(answer.id, same.add(folder === undefined ? String(i) : `${folder} ${JSON.stringify(content)}`))
    const value = accepted.get(answer.id)
    if (!answer.ok && answer.error.code === 'engine_crashed') gaveUp.add(answer.id)
    else if (
      value === undefined ||
      !answer.ok ||
      answer['square'] !== value ** 2 ||
      answer.bent !== undefined
    )
      corrupt.add(answer.id)
  }
  return {
    lost: [...accepted.keys()].filter(id => !seen.has(id)),
    duplicated: [...seen].filter(([, same]) => same.size > 1).map(([id]) => id),
    corrupt: [...corrupt],
    gaveUp: [...gaveUp],
  }
}

/** One execution of a job, in the order in which they began. */
export interface Execution {
  readonly id: string
  readonly attempt: number
  readonly pid: number
}

export interface Excess {
  /** Executions of what had been begun before. */
  readonly again: number
  /** Processes that had more of their jobs executed again than they had in flight when they were killed or stopped. */
  readonly faults: readonly string[]
}

/** `blows`: how often a process was killed or stopped; each may cost `inFlight` jobs, and nothing else may cost any. */
export function checkExecutions(
  executions: readonly Execution[],
  blows: ReadonlyMap<number, number>,
  inFlight: number,
): Excess {
  const last = new Map<string, number>()
  const costs = new Map<number, string[]>()
  let again = 0
  for (const { id, attempt, pid } of executions) {
    const before = last.get(id)
    last.set(id, pid)
    if (before === undefined) continue
    again++
    costs.set(before, [...(costs.get(before) ?? []), `${id}~${attempt} by ${pid}`])
  }
  const faults = [...costs]
    .filter(([pid, ids]) => ids.length > (blows.get(pid) ?? 0) * inFlight)
    .map(([pid, ids]) => `process ${pid}, ${blows.get(pid) ?? 0} blows: ${ids.join(', ')}`)
  return { again, faults }
}
