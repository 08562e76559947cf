import * as z from 'zod/mini'
import type { Connection } from './connection.ts'

const answer = z.object({ status: z.literal('ok'), core: z.enum(['running', 'absent']) })

/** Asks /healthz once. A backend that doesn't answer is not news from the core: the event stream tells of that. */
export async function askHealth(url: string, signal: AbortSignal): Promise<Connection['core']> {
  try {
    const response = await fetch(url, { signal, cache: 'no-store' })
    const { data } = answer.safeParse(await response.json())
    if (data === undefined) return 'unknown'
    return data.core === 'running' ? 'ready' : 'not ready'
  } catch {
    // No connection, no JSON (the proxy's own error page), or aborted: in each case nothing is known.
    return 'unknown'
  }
}

/** Asks again and again until the signal aborts: often while something is wrong, seldom while all is well. */
export function watchHealth(
  url: string,
  onCore: (core: Connection['core']) => void,
  signal: AbortSignal,
): { askNow: () => void } {
  let timer: ReturnType<typeof setTimeout> | undefined
  const ask = async (): Promise<void> => {
    clearTimeout(timer)
    const core = await askHealth(url, AbortSignal.any([signal, AbortSignal.timeout(3000)]))
    if (signal.aborted) return
    onCore(core)
    clearTimeout(timer)
    timer = setTimeout(() => void ask(), core === 'ready' ? 10_000 : 1000)
  }
  signal.addEventListener('abort', () => clearTimeout(timer), { once: true })
  void ask()
  return { askNow: () => void ask() }
}
