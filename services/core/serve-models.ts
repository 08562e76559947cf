import type { ModelsRequest } from '../portal/models-request.ts'
import type { ClaimedJob, Outcome } from '../portal/worker.ts'
import { jobErrors } from '../portal/messages.ts'
import type { Core } from './core.ts'
import { chooseModel } from './choose-model.ts'
import { coreErrors } from './messages.ts'
import { WaitStatus } from './wait-status.ts'

/** Loads and unloads models because somebody wants it, without any work for them. */
export async function serveModels(job: ClaimedJob<ModelsRequest>, core: Core): Promise<Outcome> {
  const { kind, model: id } = job.request
  const view = core.look(true)
  const named = view.models.get(id)
  if (kind === 'unload') {
    if (named === undefined && !core.hosted.has(id)) {
      return { type: 'failed', error: coreErrors.unknownModel(id, [...core.hosted.keys()]) }
    }
    if (named?.pinned === true) return { type: 'failed', error: coreErrors.pinned(id) }
    await core.unload(id)
    return { type: 'done', body: { model: id } }
  }
  const model = chooseModel(view, id, [named?.kind ?? 'llm'])
  if ('code' in model) return { type: 'failed', error: model }
  const wasLoaded = core.hosted.get(id)?.loaded !== undefined
  using status = new WaitStatus(job, model.id, () => core.stageOf(model.id))
  const key = `models/${job.user}/${job.id}~${job.attempt}`
  const used = await core.use({ key, user: job.user, signal: job.signal }, model, async hosted => {
    await status.begin()
    return hosted.loaded
  })
  if (used.type === 'refused') return { type: 'failed', error: used.error }
  if (used.type === 'aborted') {
    if (job.signal.reason === 'stopping') return { type: 'released' }
    return {
      type: 'failed',
      error: job.signal.reason === 'deadline' ? jobErrors.deadline() : jobErrors.cancelled(),
    }
  }
  const { ms, spawnMs, parallel, facts } = used.value ?? {}
  return { type: 'done', body: { model: id, wasLoaded, loadMs: ms, spawnMs, parallel, facts } }
}
