import { setTimeout as delay } from 'node:timers/promises'
import type { Service } from '../stack/model.ts'
import type { Recycled } from './events.ts'
import { readyInWords } from './messages.ts'
import { probe, type Probed } from './readiness.ts'

/** How often a service with a limit is weighed. */
const weighMs = 2000

/**
 * Looks after a ready service: resolves with why it has to be restarted, or with undefined when the signal aborts.
 * `memory`: the bytes of all its processes now, undefined where that can't be told.
 */
export async function untilIll(
  service: Pick<Service, 'liveness' | 'memoryLimit'>,
  probed: Probed,
  memory: () => number | undefined,
  signal: AbortSignal,
): Promise<Recycled | undefined> {
  const decided = new AbortController()
  const either = AbortSignal.any([signal, decided.signal])
  try {
    return await Promise.race([untilMute(service, probed, either), untilTooLarge(service, memory, either)])
  } finally {
    decided.abort()
  }
}

async function untilMute(
  { liveness }: Pick<Service, 'liveness'>,
  probed: Probed,
  signal: AbortSignal,
): Promise<Recycled | undefined> {
  if (liveness === undefined) return await aborted(signal)
  for (let failures = 0; await passes(liveness.everyMs, signal);) {
    failures = (await probe(liveness.probe, probed, signal)) ? 0 : failures + 1
    if (signal.aborted) return undefined
    if (failures >= liveness.failures)
      return { reason: 'not_alive', failures, waitedFor: readyInWords(liveness.probe) }
  }
  return undefined
}

async function untilTooLarge(
  { memoryLimit: limit }: Pick<Service, 'memoryLimit'>,
  memory: () => number | undefined,
  signal: AbortSignal,
): Promise<Recycled | undefined> {
  if (limit === undefined) return await aborted(signal)
  while (await passes(weighMs, signal)) {
    const bytes = memory()
    if (bytes !== undefined && bytes > limit) return { reason: 'memory', bytes, limit }
  }
  return undefined
}

/** True after the time, false when the signal aborts before. */
async function passes(ms: number, signal: AbortSignal): Promise<boolean> {
  try {
    await delay(ms, undefined, { signal })
    return true
  } catch (error) {
    if ((error as Error).name !== 'AbortError') throw error
    return false
  }
}

async function aborted(signal: AbortSignal): Promise<undefined> {
  if (signal.aborted) return undefined
  const { promise, resolve } = Promise.withResolvers<undefined>()
  signal.addEventListener('abort', () => resolve(undefined), { once: true })
  return await promise
}
