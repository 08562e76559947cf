import type { State } from './state.ts'

/** Epoch milliseconds at which something that is shown has to change by itself; undefined while nothing counts down. */
export function dueAt(state: State): number | undefined {
  const { now, message, services, waits } = state
  const dues: number[] = []
  if (message !== undefined) dues.push(message.until)
  const counted = [...services.map(({ restartAt }) => restartAt), ...waits.map(({ killAt }) => killAt)]
  // The next whole second before it.
  for (const end of counted) if (end !== undefined && end > now) dues.push(now + ((end - now) % 1000 || 1000))
  return dues.length === 0 ? undefined : Math.min(...dues)
}
