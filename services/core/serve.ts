import { createHash } from 'node:crypto'
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { InventoryView, KnownModel, ModelKind } from '../../models/inventory.ts'
import { jobErrors } from '../portal/messages.ts'
import type { JobError } from '../portal/request.ts'
import type { ClaimedJob, Outcome } from '../portal/worker.ts'
import { chooseModel } from './choose-model.ts'
import type { Core } from './core.ts'
import type { EngineRequest } from './engine.ts'
import type { WorkEnd } from './engine-process.ts'
import type { Hosted } from './hosted.ts'
import { coreErrors, coreNotices, failureError } from './messages.ts'
import { noteOf } from './note.ts'
import type { CoreMetrics } from './metrics.ts'
import { WaitStatus } from './wait-status.ts'

export interface ServeOptions {
  readonly core: Core
  readonly service: string
  readonly metrics: CoreMetrics
  /** Folder for the sessions' sockets. */
  readonly sockets: string
  readonly log: (line: string) => void
}

export function modelFor(view: InventoryView, request: EngineRequest): KnownModel | JobError {
  return chooseModel(view, request.model, kindsFor(request))
}

/** Carries a claimed job to the engine of its model, and its end back to the portal. */
export async function serve(job: ClaimedJob<EngineRequest>, options: ServeOptions): Promise<Outcome> {
  const { core, service, metrics, log } = options
  const known = modelFor(core.look(), job.request)
  // Before a request is turned away: what it names may just have come.
  const model = 'code' in known ? modelFor(core.look(true), job.request) : known
  if ('code' in model) {
    log(coreNotices.failed(service, job.request.model ?? job.request.kind, model.code, model.message))
    return { type: 'failed', error: model }
  }
  // What its client said into the first engine is gone.
  if (job.request.kind === 'session' && job.attempt > 1)
    return { type: 'failed', error: coreErrors.sessionLost() }
  const claimedAt = performance.now()
  let startedAt: number | undefined
  let outcome: Outcome = { type: 'failed', error: coreErrors.stopping() }
  metrics.claimed(service)
  using status = new WaitStatus(job, model.id, () => core.stageOf(model.id))
  try {
    const key = `${service}/${job.user}/${job.id}~${job.attempt}`
    const used = await core.use({ key, user: job.user, signal: job.signal }, model, async hosted => {
      startedAt = performance.now()
      metrics.started(service, model.id, startedAt - claimedAt)
      await status.begin()
      return work(job, key, hosted, options)
    })
    const waitedMs = Math.round((startedAt ?? performance.now()) - claimedAt)
    outcome =
      used.type === 'used' ? outcomeOf(job, model, used.value, waitedMs, options) : unstarted(job, used)
    tellFailure(job, model, outcome, options)
    return outcome
  } finally {
    const end = outcome.type === 'failed' ? outcome.error.code : outcome.type
    metrics.ended(service, model.id, end, startedAt === undefined ? undefined : performance.now() - startedAt)
  }
}

/** Who looks at the console sees what went wrong; the client has the words, too. */
function tellFailure(
  job: ClaimedJob<EngineRequest>,
  model: KnownModel,
  outcome: Outcome,
  { service, log }: ServeOptions,
): void {
  if (outcome.type === 'failed' && outcome.error.code !== 'cancelled')
    log(coreNotices.failed(service, model.id, outcome.error.code, outcome.error.message))
  if (outcome.type === 'crashed' && job.attempt >= maxAttempts)
    log(coreNotices.givenUp(service, model.id, job.id, job.attempt))
}

async function work(
  job: ClaimedJob<EngineRequest>,
  key: string,
  { process }: Hosted,
  { sockets, service }: ServeOptions,
): Promise<WorkEnd> {
  const { request, folder, signal } = job
  const socket = join(sockets, socketName(service, key))
  const makesFiles = request.kind === 'speak' || request.kind === 'paint'
  const out = makesFiles ? await job.outFolder() : folder
  const cancel = (): void => process.cancel(key)
  let saying: Promise<void> = Promise.resolve()
  const then = (say: () => Promise<void>): void => {
    saying = saying.then(say)
    // A disk that takes no more words is told with the answer.
    saying.catch(() => undefined)
  }
  signal.addEventListener('abort', cancel, { once: true })
  try {
    const running = process.run(
      { job: key, request, folder, out, socket },
      {
        say: line => then(() => job.emit(line)),
        listening: () => then(() => job.setStatus({ state: 'running', socket })),
      },
    )
    if (signal.aborted) cancel()
    const end = await running
    await saying
    return end
  } finally {
    signal.removeEventListener('abort', cancel)
    // The engine removes it, unless it was killed.
    if (request.kind === 'session') await rm(socket, { force: true })
  }
}

function outcomeOf(
  job: ClaimedJob<EngineRequest>,
  model: KnownModel,
  end: WorkEnd,
  waitedMs: number,
  { service, log, metrics }: ServeOptions,
): Outcome {
  const session = job.request.kind === 'session'
  if (end.type === 'crashed') {
    // Also of one that was killed because it did not obey: nobody wants it a second time, or could end it then.
    const error = unwanted(job.signal)
    if (error !== undefined) return { type: 'failed', error }
    if (session) return { type: 'failed', error: coreErrors.engineCrashed(end.detail) }
    return job.signal.reason === 'stopping' ? { type: 'released' } : end
  }
  if (end.type === 'done') {
    const { note, generated } = noteOf(job.request, end.body)
    if (note !== '') log(coreNotices.served(service, model.id, note))
    if (generated !== undefined) metrics.generated(model.id, generated.usage, generated.timings)
    return { type: 'done', body: { ...end.body, model: model.id, waitedMs } }
  }
  if (job.signal.reason === 'stopping') return stopped(session)
  if (end.failure.reason === 'internal')
    log(coreNotices.trouble(`${service}  ${model.id}`, end.failure.detail))
  return { type: 'failed', error: failureError(model.id, end.failure) }
}

function unstarted(
  job: ClaimedJob<EngineRequest>,
  used: { type: 'aborted' } | { type: 'refused'; error: JobError },
): Outcome {
  if (used.type === 'refused') return { type: 'failed', error: used.error }
  const error = unwanted(job.signal)
  return error === undefined ? stopped(job.request.kind === 'session') : { type: 'failed', error }
}

/** The answer to a job that its client does not want any more; undefined: it does. */
function unwanted({ reason }: AbortSignal): JobError | undefined {
  if (reason === 'cancelled') return jobErrors.cancelled()
  return reason === 'deadline' ? jobErrors.deadline() : undefined
}

/** A session can't be had twice; anything else goes back into the queue. */
function stopped(session: boolean): Outcome {
  return session ? { type: 'failed', error: coreErrors.sessionLost() } : { type: 'released' }
}

/** Which kinds of model can do a request; the first one's default is taken where none is named. */
function kindsFor(request: EngineRequest): readonly [ModelKind, ...ModelKind[]] {
  switch (request.kind) {
    case 'embed':
      return ['embedding', 'llm']
    case 'rerank':
      return ['rerank']
    case 'chat':
    case 'complete':
      return ['llm']
    case 'speak':
      return ['tts']
    case 'transcribe':
    case 'session':
      return ['stt']
    case 'paint':
      return ['image']
  }
}

/** The portal's, after which a request that crashed its engine each time is answered. */
const maxAttempts = 3

const socketSuffix = '.session'

/** Short, since a socket's path may have about 107 bytes. */
function socketName(service: string, key: string): string {
  return `${service}-${createHash('sha256').update(key).digest('hex').slice(0, 12)}${socketSuffix}`
}

/** Removes the sockets of sessions that ended with an earlier core, which was killed. */
export async function sweepSockets(sockets: string): Promise<void> {
  for (const name of await readdir(sockets))
    if (name.endsWith(socketSuffix)) await rm(join(sockets, name), { force: true })
}
