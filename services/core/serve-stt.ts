import { createHash } from 'node:crypto'
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { jobErrors } from '../portal/messages.ts'
import type { JobError, SttRequest } from '../portal/request.ts'
import type { ClaimedJob, Outcome } from '../portal/worker.ts'
import type { EngineFailure } from './engine.ts'
import type { EngineHost, JobEnd } from './engine-host.ts'

export interface SttOptions {
  readonly host: EngineHost
  readonly model: string
  /** Folder for the sessions' sockets. */
  readonly sockets: string
  readonly log: (line: string) => void
}

/** Carries a claimed speech-to-text job to the engine and its end back to the portal. */
export async function serveStt(job: ClaimedJob<SttRequest>, options: SttOptions): Promise<Outcome> {
  const { request } = job
  if (request.kind === 'session') return serveSession(job, request, options)
  const { model, host, log } = options
  if (request.model !== undefined && request.model !== model) {
    return { type: 'failed', error: jobErrors.unknownModel(request.model, model) }
  }
  const end = await host.run(
    { type: 'transcribe', job: jobKey(job), path: join(job.folder, request.file) },
    job.signal,
  )
  if (end.type === 'transcribed') {
    const { text, segments, audioSeconds, elapsedMs } = end
    log(`stt  ${audioSeconds.toFixed(1)} s of audio in ${elapsedMs} ms`)
    return { type: 'done', body: { text, segments, model, audioSeconds, elapsedMs } }
  }
  if (end.type === 'crashed') return end
  if (job.signal.reason === 'stopping' || end.type === 'stopped') return { type: 'released' }
  return failed(end, options)
}

/** A session can't be had twice: what its client said into the first engine is gone. */
async function serveSession(
  job: ClaimedJob<SttRequest>,
  request: Extract<SttRequest, { kind: 'session' }>,
  options: SttOptions,
): Promise<Outcome> {
  const { host, sockets, log } = options
  if (job.attempt > 1) return { type: 'failed', error: jobErrors.sessionLost() }
  const { sampleRate, endpointMs } = request
  // Short, since a socket's path may have about 107 bytes.
  const name = createHash('sha256').update(jobKey(job)).digest('hex').slice(0, 12)
  const socket = join(sockets, `${socketPrefix}${name}.sock`)
  const listening = Promise.withResolvers<void>()
  const running = host.run(
    { type: 'session', job: jobKey(job), socket, sampleRate, endpointMs },
    job.signal,
    listening.resolve,
  )
  const first = await Promise.race([running, listening.promise.then(() => 'listening' as const)])
  if (first === 'listening') await job.setStatus({ state: 'running', socket })
  const end = await running
  // The engine removes it, unless it was killed.
  await rm(socket, { force: true })
  if (end.type === 'session-ended') {
    const { utterances, audioSeconds } = end
    log(`stt  session ended: ${utterances} utterances in ${audioSeconds.toFixed(1)} s of audio`)
    return { type: 'done', body: { utterances, audioSeconds } }
  }
  if (end.type === 'crashed') return { type: 'failed', error: jobErrors.engineCrashed(1, end.detail) }
  if (job.signal.reason === 'stopping' || end.type === 'stopped') {
    return { type: 'failed', error: jobErrors.sessionLost() }
  }
  return failed(end, options)
}

const socketPrefix = 'stt-'

/** Removes the sockets of sessions that ended with an earlier core, which was killed. */
export async function sweepSockets(sockets: string): Promise<void> {
  for (const name of await readdir(sockets)) {
    if (name.startsWith(socketPrefix)) await rm(join(sockets, name), { force: true })
  }
}

function failed(end: JobEnd, { model, log }: SttOptions): Outcome {
  if (end.type === 'missing') return { type: 'failed', error: jobErrors.modelMissing(model) }
  if (end.type !== 'failed') throw new Error(`an answer of the wrong kind: ${end.type}`)
  return { type: 'failed', error: errorOf(end.failure, log) }
}

function errorOf(failure: EngineFailure, log: (line: string) => void): JobError {
  if (failure.reason === 'bad_audio') return jobErrors.badAudio(failure.fault)
  if (failure.reason === 'cancelled') return jobErrors.cancelled()
  if (failure.reason === 'no_client') return jobErrors.noClient()
  if (failure.reason === 'bad_frames') return jobErrors.badFrames()
  log(`stt  ${failure.detail}`)
  return jobErrors.internal(failure.detail.split('\n', 1)[0] ?? '')
}

/** Two users may use one id. */
function jobKey(job: { user: string; id: string; attempt: number }): string {
  return `${job.user}/${job.id}~${job.attempt}`
}
