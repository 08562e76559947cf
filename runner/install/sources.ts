import type { Io } from '../../lib/io.ts'
import type { Model } from '../../models/model.ts'
import { reach } from '../../models/reach.ts'
import type { Item } from './item.ts'
import type { Step } from './step.ts'

/** How long a person waits for the question at most. */
const waitMs = 3000

/**
 * Asks all sources at once whether they can be reached, and tells by item why one can't. Who has not answered in time is
 * given the benefit of the doubt: the download waits longer.
 */
export async function reachSources(items: readonly Item[], io: Io): Promise<ReadonlyMap<string, string>> {
  const late = new AbortController()
  const timer = setTimeout(() => late.abort(), waitMs)
  const signal = AbortSignal.any([io.signal, late.signal])
  try {
    const found = await Promise.all(
      items.map(async ({ id, steps }) => {
        for (const step of steps) {
          for (const { from } of modelsOf(step)) {
            const fault = await reach(from, { env: io.env, cwd: dirOf(step) ?? io.cwd, signal })
            if (fault !== undefined) return [[id, fault] as const]
          }
        }
        return []
      }),
    )
    return new Map(found.flat())
  } finally {
    clearTimeout(timer)
  }
}

/** What a step downloads by itself; where pip goes is pip's business. */
function modelsOf(step: Step): readonly Model[] {
  if (step.type === 'fetch_model') return [step.model]
  return step.type === 'gpu_runtime' ? step.missing : []
}

function dirOf(step: Step): string | undefined {
  return 'dir' in step ? step.dir : undefined
}
