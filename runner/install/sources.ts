import type { Io } from '../../lib/io.ts'
import { reachAll } from '../../models/reach.ts'
import type { Source } from '../../models/source.ts'
import type { Item } from './item.ts'
import type { Step } from './step.ts'

/**
 * Asks all sources at once whether they can be reached, and tells by item why one can't. Who has not answered in time is
 * given the benefit of the doubt: the download waits longer.
 */
export async function reachSources(items: readonly Item[], io: Io): Promise<ReadonlyMap<string, string>> {
  const sources = items.flatMap(({ id, steps }) =>
    steps.flatMap(step => sourcesOf(step).map(from => ({ id, from, cwd: dirOf(step) ?? io.cwd }))),
  )
  const found = await reachAll(sources, io)
  const faults = new Map<string, string>()
  found.forEach((one, at) => {
    const id = sources[at]?.id ?? ''
    if (one.type === 'fault' && !faults.has(id)) faults.set(id, one.fault)
  })
  return faults
}

/** From where a step downloads by itself; where pip goes is pip's business. */
function sourcesOf(step: Step): readonly Source[] {
  switch (step.type) {
    case 'fetch_model':
      return [step.model.from]
    case 'gpu_runtime':
      return step.missing.map(({ from }) => from)
    case 'build_program':
      return step.program.from.type === 'archive' ? [step.program.from.source] : []
    default:
      return []
  }
}

function dirOf(step: Step): string | undefined {
  return 'dir' in step ? step.dir : undefined
}
