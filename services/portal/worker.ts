import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { ZodType } from 'zod'
import { admissionOf, defaultLimits, type Limits, retryAfter } from './admission.ts'
import { Backlog } from './backlog.ts'
import type { Claim } from './claim.ts'
import { untilDeadline } from './deadline.ts'
import type { Durability } from './disk.ts'
import { FairQueue, type Waiting } from './fair-queue.ts'
import { FileTransport } from './file-transport.ts'
import { attemptName, namesBelow, parseAttemptName } from './ids.ts'
import { defaultLeaseTimes, type LeaseTimes } from './lease.ts'
import { jobErrors, portalProblems } from './messages.ts'
import { isThere } from './moves.ts'
import type { JobError } from './request.ts'
import type { ClaimedJob, Outcome, Voice } from './running-job.ts'
import { overslept, type WorkerEvents, type WorkerTransport } from './transport.ts'

export type { ClaimedJob, Outcome } from './running-job.ts'

export interface WorkerOptions<R> {
  readonly spool: string
  readonly service: string
  readonly schema: ZodType<R>
  readonly handle: (job: ClaimedJob<R>) => Promise<Outcome>
  /** One line for the log: what a person should know. */
  readonly log: (line: string) => void
  /** Jobs at once. */
  readonly concurrency?: number
  readonly rescanMs?: number
  readonly durability?: Durability
  readonly lease?: LeaseTimes
  readonly limits?: Limits
  /** For a service with several models: what a request needs, and what is loaded, so that jobs of one model go together. */
  readonly models?: { readonly of: (request: R) => string; readonly isLoaded: (model: string) => boolean }
}

const maxAttempts = 3

/** With which nothing else can be claimed either. */
const generalFaults = new Set(['ENOSPC', 'EDQUOT', 'EROFS', 'EIO', 'EMFILE', 'ENFILE', overslept])

/**
 * Serves one service's portal: claims in a fair order, runs the handler, publishes exactly one result for each job, and
 * takes over what a dead or silent claimer left. One worker serves a service at a time on one machine.
 */
export class PortalWorker<R> implements WorkerEvents {
  readonly #options: WorkerOptions<R>
  readonly #transport: WorkerTransport
  readonly #limits: Limits
  /** Submitted and not yet claimed. */
  readonly #queue = new FairQueue()
  readonly #backlog: Backlog<R>
  readonly #running = new Map<string, { abort: AbortController; ended: Promise<void> }>()
  /** Jobs that somebody wants to end: `user/id`. */
  readonly #unwanted = new Set<string>()
  readonly #began = performance.now()
  #finished = 0
  #stopping = false
  /** Nothing is claimed until the next look around: before the first one, and after a fault of the disk. */
  #paused = true
  #lastFault = ''

  constructor(options: WorkerOptions<R>) {
    this.#options = options
    this.#limits = options.limits ?? defaultLimits
    this.#transport = new FileTransport({
      spool: options.spool,
      service: options.service,
      durability: options.durability ?? 'rename',
      lease: options.lease ?? defaultLeaseTimes,
      rescanMs: options.rescanMs ?? 2000,
    })
    this.#backlog = new Backlog<R>({
      queue: this.#queue,
      look: job => this.#transport.look(job.user, job.name, options.schema),
      modelOf: options.models?.of ?? (() => ''),
      onLate: job => this.#refuse(job, jobErrors.deadline()),
      onHeavy: job => this.#refuse(job, this.#overQuota(job.user, 'bytes')),
      maxBytes: this.#limits.waitingBytes,
      onFault: error => this.log(portalProblems.noLook(String(error))),
    })
  }

  /**
   * Returns when the watch is armed, the dead are recovered and what waits is being worked on. Throws when another
   * process serves this portal.
   */
  async start(): Promise<void> {
    await this.#transport.open(this)
  }

  /** Claims no more, aborts what runs (reason `stopping`) and waits until all of it is put back or answered. */
  async stop(): Promise<void> {
    this.#stopping = true
    this.#backlog[Symbol.dispose]()
    for (const { abort } of this.#running.values()) abort.abort('stopping')
    await Promise.all(Array.from(this.#running.values(), job => job.ended))
    await this.#transport.close()
  }

  log(line: string): void {
    this.#options.log(line)
  }

  isRunning(user: string, id: string): boolean {
    return this.#running.has(`${user}/${id}`)
  }

  waiting(user: string, name: string): void {
    const attempt = parseAttemptName(name)
    if (this.#stopping || attempt === undefined || this.#queue.has(user, name)) return
    const job = { user, name, id: attempt.id, model: undefined, cost: 1, since: performance.now() }
    const waiting = this.#queue.waitingOf(user)
    const { free } = this.#transport
    const jobsPerSecond = this.#jobsPerSecond()
    const admission = admissionOf({ waiting, freeBytes: free, jobsPerSecond }, this.#limits)
    if (admission.type === 'admitted') {
      this.#queue.add(job)
      this.#pump()
    } else if (admission.code === 'disk_low') this.#refuse(job, jobErrors.diskLow(admission.retryAfter))
    else this.#refuse(job, this.#overQuota(user, 'count'))
  }

  cancelled(user: string, id: string): void {
    if (this.#stopping) return
    const running = this.#running.get(`${user}/${id}`)
    this.#unwanted.add(`${user}/${id}`)
    if (running !== undefined) running.abort.abort('cancelled')
    // A marker of a job that is neither running nor waiting has nothing left to say.
    else if (!namesBelow(id, maxAttempts + 1).some(name => this.#queue.has(user, name)))
      this.#forgetCancel(user, id)
  }

  /** All that waits is known before the first is taken, so that the order is that of the names. */
  looked(mayClaim: boolean): void {
    this.#paused = !mayClaim
    this.#pump()
  }

  #forgetCancel(user: string, id: string): void {
    if (this.#unwanted.delete(`${user}/${id}`)) this.#transport.forgetCancel(user, id)
  }

  #pump(): void {
    const busy = (job: Waiting) => this.#running.has(`${job.user}/${job.id}`)
    const isLoaded = this.#options.models?.isLoaded ?? (() => false)
    while (!this.#stopping && !this.#paused && this.#running.size < (this.#options.concurrency ?? 16)) {
      const job = this.#queue.take(performance.now(), isLoaded, busy)
      if (job === undefined) return
      this.#backlog.forget(job)
      this.#begin(job, abort => this.#run(job, abort))
    }
    this.#backlog.begin()
  }

  #begin(job: Waiting, work: (abort: AbortController) => Promise<void>): void {
    const { user, id } = job
    const abort = new AbortController()
    const { promise: ended, resolve } = Promise.withResolvers<void>()
    // Known before the work begins, which may end at once.
    this.#running.set(`${user}/${id}`, { abort, ended })
    void work(abort)
      .catch((error: unknown) => this.log(`job ${id}: ${String(error)}`))
      .finally(() => {
        this.#running.delete(`${user}/${id}`)
        this.#finished++
        this.#forgetCancel(user, id)
        this.#queue.release(user, id)
        resolve()
        this.#pump()
      })
  }

  /** Answers a job that waits without doing it. */
  #refuse(job: Waiting, error: JobError): void {
    this.#queue.remove(job.user, job.name)
    this.#backlog.forget(job)
    // Another attempt is at work; this one is seen again when that has ended.
    if (this.#stopping || this.isRunning(job.user, job.id)) return
    this.#begin(job, async () => {
      const claim = this.#claim(job)
      if (claim !== undefined) await this.#transport.finish(claim, { type: 'failed', error })
    })
  }

  async #run(job: Waiting, abort: AbortController): Promise<void> {
    const { user, name } = job
    if (this.#isOutrun(job)) return this.#transport.drop(user, name)
    const claim = this.#claim(job)
    if (claim === undefined) return
    const voice = this.#transport.voice(claim)
    if (this.#unwanted.has(`${user}/${claim.attempt.id}`)) abort.abort('cancelled')
    try {
      const outcome = await this.#attempt(claim, voice, abort)
      this.#end(voice)
      if (!(await this.#transport.finish(claim, outcome)))
        this.log(`job ${attemptName(claim.attempt)} was answered elsewhere; this one is dropped`)
    } catch (error) {
      // An answer that can't be written must not leave the client waiting for the next start of core.
      this.log(`job ${attemptName(claim.attempt)} in ${claim.folder}: ${String(error)}`)
      this.#end(voice)
      await this.#transport.finish(claim, { type: 'failed', error: jobErrors.internal(String(error)) })
    }
  }

  /** What is left of its words is swept; the answer counts. */
  #end(voice: Voice): void {
    try {
      voice.end()
    } catch (error) {
      this.log(`what a job said can't be put away: ${String(error)}`)
    }
  }

  /** One that can't be claimed for a fault of the disk is found again by the next look around. */
  #claim(job: Waiting): Claim | undefined {
    try {
      const claim = this.#transport.claim(job.user, job.name)
      if (claim !== undefined) this.#lastFault = ''
      return claim
    } catch (error) {
      // A fault of this one job alone keeps no other waiting.
      this.#paused = generalFaults.has((error as NodeJS.ErrnoException).code ?? '')
      if (String(error) !== this.#lastFault) this.log(portalProblems.noClaim(String(error)))
      this.#lastFault = String(error)
      return undefined
    }
  }

  /** Whether a later attempt at the same job waits, too: then this one was sent again, and that one answers it. */
  #isOutrun({ user, name }: Waiting): boolean {
    // Most jobs are taken as soon as they are seen, and nothing else waits then.
    const attempt = this.#queue.size === 0 ? undefined : parseAttemptName(name)
    if (attempt === undefined) return false
    const later = Array.from({ length: maxAttempts }, (_, i) => attempt.attempt + 1 + i)
    return later.some(number => this.#queue.has(user, attemptName({ id: attempt.id, attempt: number })))
  }

  async #attempt(claim: Claim, voice: Voice, abort: AbortController): Promise<Outcome> {
    const { folder, user, attempt } = claim
    const read = await this.#transport.read(claim, this.#options.schema)
    if (read === undefined) return { type: 'released' }
    if (!read.ok) return { type: 'failed', error: jobErrors.badRequest(read.detail) }
    const { signal } = abort
    if (signal.reason === 'cancelled') return { type: 'failed', error: jobErrors.cancelled() }
    const outFolder = async () => {
      const out = join(folder, `out-${attempt.attempt}`)
      // Not recursive: a claim that was lost must not come to life again.
      if (!isThere(out)) mkdirSync(out)
      return await Promise.resolve(out)
    }
    const handle = () =>
      this.#options.handle({
        ...attempt,
        user,
        folder,
        signal,
        request: read.request,
        outFolder,
        setStatus: status => voice.setStatus(status),
        emit: line => voice.emit(line),
      })
    if (read.deadline === undefined) return handle()
    return untilDeadline(read.deadline, handle, abort)
  }

  #jobsPerSecond(): number {
    return (this.#finished * 1000) / (performance.now() - this.#began)
  }

  #overQuota(user: string, what: 'count' | 'bytes'): JobError {
    const waiting = this.#queue.waitingOf(user)
    return jobErrors.overQuota(what, waiting, retryAfter(waiting, this.#jobsPerSecond()))
  }
}
