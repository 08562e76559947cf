import { setTimeout as delay } from 'node:timers/promises'
import { EngineError } from '../../core/engine.ts'
import type { Haste } from './decoder.ts'

/** Before the second, third and fourth try, where the server does not say how long it wants to be left alone. */
const usualSeconds = [0.5, 1, 2]
/** What it says may be more than anyone would wait. */
const mostSeconds: Readonly<Record<Haste, number>> = { live: 10, file: 120 }

/**
 * One request that a server has no time for would end a live session, or a recording of which hours were transcribed and paid
 * for; most such answers are gone a moment later. `pause` takes seconds.
 */
export async function tryAgain<T>(
  work: () => Promise<T>,
  haste: Haste,
  signal: AbortSignal,
  pause = (seconds: number): Promise<void> => delay(seconds * 1000, undefined, { signal }),
): Promise<T> {
  for (const usual of usualSeconds) {
    try {
      return await work()
    } catch (error) {
      signal.throwIfAborted()
      const seconds = pauseAfter(error, usual)
      if (seconds === undefined || seconds > mostSeconds[haste]) throw error
      await pause(seconds)
    }
  }
  return work()
}

/** Undefined: another try would end as this one did. */
function pauseAfter(error: unknown, usual: number): number | undefined {
  if (!(error instanceof EngineError) || error.failure.reason !== 'remote') return undefined
  const { fault, status, retryAfter } = error.failure
  const isBusy = status !== undefined && (status === 408 || status === 429 || status >= 500)
  return isBusy || fault === 'unreachable' ? (retryAfter ?? usual) : undefined
}
