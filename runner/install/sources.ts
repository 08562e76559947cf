import type { Io } from '../../lib/io.ts'
import type { Model } from '../../models/model.ts'
import { reachAll } from '../../models/reach.ts'
import type { Item } from './item.ts'
import type { Step } from './step.ts'

/**
 * Asks all sources at once whether they can be reached, and tells by item why one can't. Who has not answered in time is
 * given the benefit of the doubt: the download waits longer.
 */
export async function reachSources(items: readonly Item[], io: Io): Promise<ReadonlyMap<string, string>> {
  const sources = items.flatMap(({ id, steps }) =>
    steps.flatMap(step => modelsOf(step).map(({ from }) => ({ id, from, cwd: dirOf(step) ?? io.cwd }))),
  )
  const found = await reachAll(sources, io)
  const faults = new Map<string, string>()
  found.forEach((one, at) => {
    const id = sources[at]?.id ?? ''
    if (one.type === 'fault' && !faults.has(id)) faults.set(id, one.fault)
  })
  return faults
}

/** What a step downloads by itself; where pip goes is pip's business. */
function modelsOf(step: Step): readonly Model[] {
  if (step.type === 'fetch_model') return [step.model]
  return step.type === 'gpu_runtime' ? step.missing : []
}

function dirOf(step: Step): string | undefined {
  return 'dir' in step ? step.dir : undefined
}
