import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { jobErrors } from './messages.ts'
import type { Outcome } from './running-job.ts'

/** How long a handler may take to end after its deadline; then its job is answered without it. */
const graceMs = 10_000

/** A deadline is a deadline: what the work says after it counts only if it is the answer after all. */
export async function untilDeadline(
  deadline: number,
  work: () => Promise<Outcome>,
  abort: AbortController,
): Promise<Outcome> {
  const late: Outcome = { type: 'failed', error: jobErrors.deadline() }
  const leftMs = deadline * 1000 - Date.now()
  if (leftMs <= 0) return late
  // A timer takes 2^31 ms at most; nobody waits for 24 days.
  const timer = setTimeout(() => abort.abort('deadline'), Math.min(leftMs, 2 ** 31 - 1))
  const settled = new AbortController()
  const givenUp = (async (): Promise<Outcome> => {
    if (!abort.signal.aborted) await once(abort.signal, 'abort', { signal: settled.signal })
    await delay(abort.signal.reason === 'deadline' ? graceMs : 2 ** 31 - 1, undefined, {
      signal: settled.signal,
    })
    return late
  })()
  givenUp.catch(() => undefined)
  try {
    const outcome = await Promise.race([work(), givenUp])
    return abort.signal.reason === 'deadline' && outcome.type !== 'done' ? late : outcome
  } finally {
    clearTimeout(timer)
    settled.abort()
  }
}
