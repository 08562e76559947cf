import type { ProcessIdentity } from '../../lib/process-identity.ts'
import type { Core } from './core.ts'
import type { CoreFacts, ModelFacts } from './core-file.ts'
import { minus } from './needs.ts'

/** What core tells of itself, as of now. */
export function coreFacts(core: Core, me: ProcessIdentity): CoreFacts {
  const now = performance.now()
  const models: ModelFacts[] = []
  const queues: Record<string, { working: number; waiting: number }> = {}
  for (const resident of core.scheduler.models.values()) {
    const { spec, state, working, line } = resident
    const hosted = core.hosted.get(spec.id)
    for (const [jobs, what] of [
      [working, 'working'],
      [line.jobs, 'waiting'],
    ] as const) {
      for (const job of jobs) {
        const service = job.slice(0, job.indexOf('/'))
        const queue = (queues[service] ??= { working: 0, waiting: 0 })
        queue[what]++
      }
    }
    if (hosted === undefined || state.type === 'absent') continue
    const { memory = 0, ...gpu } = hosted.measured
    models.push({
      id: spec.id,
      kind: hosted.model.kind,
      engine: hosted.model.engine,
      vision: hosted.model.vision,
      state: state.type,
      pid: hosted.process.pid ?? null,
      progress: hosted.loaded === undefined ? hosted.progress : 1,
      estimated: hosted.model.memory ?? 0,
      measured: memory,
      gpu,
      loadedMs: hosted.loaded?.ms ?? null,
      inFlight: working.size,
      parallel: hosted.loaded?.parallel ?? 1,
      waiting: line.size,
      idleMs: resident.idle ? Math.round(now - resident.lastUsed) : null,
      pinned: spec.pinned,
      offCard: core.offCard.get(spec.id) ?? null,
      facts: hosted.loaded?.facts ?? {},
    })
  }
  const { budget } = core.scheduler
  // A device that nothing is on, too.
  const used = { ...minus(budget, budget), ...core.scheduler.used }
  return { ...me, at: Date.now(), budget, used, models, queues }
}
