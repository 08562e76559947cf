import type { Failure } from './failure.ts'

/** So many attempts in a row without anything new end it: a machine that never answered is given up within seconds. */
export const mostAttempts = 4
/** The same when some of it has come: about a minute, in which a network may come back. */
export const mostAttemptsThen = 8
/** A server that asks for more is not waited for. */
export const longestWaitMs = 120_000
const longestPauseMs = 20_000

export type Decision = { readonly type: 'again'; readonly afterMs: number } | { readonly type: 'stop' }

interface Circumstances {
  readonly now: number
  /** From 0 to 1. */
  readonly random: number
  readonly pauseMs: number
  readonly begun: boolean
}

/**
 * Whether to try again after a failure, and when: exponential, and half of it random, so that many who were cut off at once
 * don't come back at once. `attempts`: how many there were since anything new came, this one too; `begun`: whether anything has come.
 */
export function decide(
  failure: Failure,
  attempts: number,
  { now, random, pauseMs, begun }: Circumstances,
): Decision {
  if (attempts >= (begun ? mostAttemptsThen : mostAttempts) || !isPassing(failure)) return { type: 'stop' }
  const asked = failure.type === 'status' ? askedMs(failure.retryAfter, now) : undefined
  if (asked !== undefined && asked > longestWaitMs) return { type: 'stop' }
  const pause = Math.min(longestPauseMs, pauseMs * 2 ** (attempts - 1))
  return { type: 'again', afterMs: Math.max(asked ?? 0, Math.round(pause * (0.5 + random / 2))) }
}

/** Whether waiting may help. */
export function isPassing(failure: Failure): boolean {
  switch (failure.type) {
    case 'stalled':
    case 'cut_short':
      return true
    case 'connection':
      // A certificate doesn't get better in a minute.
      return !/CERT|TLS|SSL|SELF_SIGNED|UNABLE_TO/.test(failure.code)
    case 'status':
      return failure.status >= 500 || [408, 425, 429].includes(failure.status)
  }
}

/** Retry-After is seconds or a date (RFC 9110, 10.2.3). */
function askedMs(text: string | undefined, now: number): number | undefined {
  if (text === undefined) return undefined
  const ms = /^\d+$/.test(text.trim()) ? Number(text) * 1000 : Date.parse(text) - now
  return Number.isNaN(ms) ? undefined : Math.max(0, ms)
}
