import { mkdir, readdir, rm, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import type { ZodType } from 'zod'
import { identify } from '../../lib/process-identity.ts'
import { admissionOf, defaultLimits, type Limits } from './admission.ts'
import { type Claim, Claims } from './claims.ts'
import { Disk, type Durability } from './disk.ts'
import { FairQueue, type Waiting } from './fair-queue.ts'
import { FolderWatch } from './folder-watch.ts'
import { attemptName, idSchema, namesBelow, parseAttemptName } from './ids.ts'
import { instanceName } from './instance.ts'
import { heartbeatName, makeUserFolders, serverFolders, type UserFolders, userFolders } from './layout.ts'
import { defaultLeaseTimes, Lease, type LeaseTimes } from './lease.ts'
import { jobErrors, portalProblems } from './messages.ts'
import { readRequest } from './read-request.ts'
import { defaultRetention } from './retention.ts'
import { type ClaimedJob, type Outcome, Voice } from './running-job.ts'
import { untilDeadline } from './deadline.ts'
import { sweep } from './sweep.ts'

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
}

const maxAttempts = 3
const sweepMs = 60_000

/**
 * Serves one service's portal: claims in a fair order, runs the handler, publishes exactly one result for each job, and
 * takes over what a dead or silent claimer left. One worker serves a service at a time on one machine.
 */
export class PortalWorker<R> {
  readonly #options: WorkerOptions<R>
  readonly #claims: Claims
  readonly #lease: Lease
  readonly #limits: Limits
  readonly #watch = new FolderWatch()
  readonly #users = new Set<string>()
  /** Submitted and not yet claimed. */
  readonly #queue = new FairQueue()
  readonly #running = new Map<string, { abort: AbortController; ended: Promise<void> }>()
  /** Jobs that somebody wants to end, and that are not at work yet: `user/id`. */
  readonly #unwanted = new Set<string>()
  readonly #began = performance.now()
  #finished = 0
  #freeBytes = Infinity
  #stopping = false
  #timer: NodeJS.Timeout | undefined
  #nextSweep = 0
  #scanning: Promise<void> = Promise.resolve()
  #scanIsDue = false

  constructor(options: WorkerOptions<R>) {
    this.#options = options
    const me = identify(process.pid)
    if (me === undefined) throw new Error('this process has no identity')
    const { spool, service } = options
    const instance = instanceName(me)
    this.#limits = options.limits ?? defaultLimits
    this.#claims = new Claims(spool, service, instance, maxAttempts, new Disk(options.durability ?? 'rename'))
    this.#lease = new Lease({ spool, service, instance, times: options.lease ?? defaultLeaseTimes }, error =>
      options.log(`the portal's heartbeat failed: ${String(error)}`),
    )
  }

  /**
   * Returns when the watch is armed, the dead are recovered and what waits is being worked on. Throws when another
   * process serves this portal.
   */
  async start(): Promise<void> {
    const { run, service } = serverFolders(this.#options.spool, this.#options.service)
    await mkdir(run, { recursive: true })
    const other = (await this.#lease.holders()).find(({ holder }) => holder === 'working')
    if (other !== undefined)
      throw new Error(portalProblems.otherClaimer(this.#options.service, other.instance))
    await this.#lease.take()
    this.#watch.add(service, name => {
      if (name !== null && !this.#users.has(name) && idSchema.safeParse(name).success) this.#rescan()
    })
    await this.#scan()
    this.#schedule()
  }

  /** Claims no more, aborts what runs (reason `stopping`) and waits until all of it is put back or answered. */
  async stop(): Promise<void> {
    this.#stopping = true
    clearTimeout(this.#timer)
    this.#watch[Symbol.dispose]()
    for (const { abort } of this.#running.values()) abort.abort('stopping')
    await this.#scanning
    await Promise.all(Array.from(this.#running.values(), job => job.ended))
    this.#lease.drop()
    await this.#claims.close()
  }

  #schedule(): void {
    this.#timer = setTimeout(() => {
      this.#rescan()
      // Not sooner than the last one has ended: a rescan of a long queue takes its time.
      void this.#scanning.then(() => {
        if (!this.#stopping) this.#schedule()
      })
    }, this.#options.rescanMs ?? 2000)
  }

  /** However many ask for it while one waits to begin, it is one. */
  #rescan(): void {
    if (this.#scanIsDue || this.#stopping) return
    this.#scanIsDue = true
    this.#scanning = this.#scanning
      .then(() => {
        this.#scanIsDue = false
        return this.#stopping ? undefined : this.#scan()
      })
      .catch((error: unknown) => this.#options.log(`the portal's rescan failed: ${String(error)}`))
  }

  async #scan(): Promise<void> {
    const { spool, service } = this.#options
    const isRunning = (user: string, id: string) => this.#running.has(`${user}/${id}`)
    for (const { instance, holder } of await this.#lease.holders()) {
      if (holder === 'working') continue
      for (const line of await this.#claims.recover(instance, holder, isRunning)) this.#options.log(line)
    }
    const base = serverFolders(spool, service).service
    const disk = await statfs(base)
    this.#freeBytes = disk.bavail * disk.bsize
    for (const entry of await readdir(base, { withFileTypes: true })) {
      if (!entry.isDirectory() || !idSchema.safeParse(entry.name).success) continue
      if (entry.name !== heartbeatName) await this.#look(entry.name)
    }
    this.#pump()
    if (performance.now() < this.#nextSweep) return
    this.#nextSweep = performance.now() + sweepMs
    await sweep({ spool, service, users: this.#users, retention: defaultRetention, isRunning }, Date.now())
  }

  /** Watches a user's folders, then takes stock of them. */
  async #look(user: string): Promise<void> {
    const folders = this.#folders(user)
    if (!this.#users.has(user)) await makeUserFolders(folders)
    this.#users.add(user)
    this.#watch.add(folders.todo, name => {
      if (name === null) return this.#rescan()
      this.#enqueue(user, name)
      this.#pump()
    })
    this.#watch.add(folders.cancel, name => {
      if (name === null) this.#rescan()
      else this.#cancel(user, name)
    })
    for (const name of (await readdir(folders.todo)).sort()) this.#enqueue(user, name)
    for (const name of await readdir(folders.cancel)) this.#cancel(user, name)
  }

  #folders(user: string): UserFolders {
    return userFolders(this.#options.spool, this.#options.service, user)
  }

  #enqueue(user: string, name: string): void {
    const attempt = parseAttemptName(name)
    if (attempt === undefined || this.#queue.has(user, name)) return
    const waiting = this.#queue.waitingOf(user)
    const jobsPerSecond = (this.#finished * 1000) / (performance.now() - this.#began)
    const admission = admissionOf({ waiting, freeBytes: this.#freeBytes, jobsPerSecond }, this.#limits)
    if (admission.type === 'admitted') {
      this.#queue.add({ user, name, id: attempt.id, model: '', cost: 1, since: performance.now() })
      return
    }
    const { code, retryAfter } = admission
    const error =
      code === 'disk_low' ? jobErrors.diskLow(retryAfter) : jobErrors.overQuota(waiting, retryAfter)
    if (this.#running.has(`${user}/${attempt.id}`)) return
    this.#begin(user, attempt.id, async () => {
      const claim = await this.#claims.claim(user, name)
      if (claim !== undefined) await this.#claims.fail(claim, error)
    })
  }

  #cancel(user: string, id: string): void {
    if (this.#stopping) return
    const running = this.#running.get(`${user}/${id}`)
    this.#unwanted.add(`${user}/${id}`)
    if (running !== undefined) running.abort.abort('cancelled')
    // A marker of a job that is neither running nor waiting has nothing left to say.
    else if (!namesBelow(id, maxAttempts + 1).some(name => this.#queue.has(user, name)))
      this.#forgetMarker(user, id)
  }

  #forgetMarker(user: string, id: string): void {
    if (!this.#unwanted.delete(`${user}/${id}`)) return
    const marker = join(this.#folders(user).cancel, id)
    rm(marker, { force: true, recursive: true }).catch((error: unknown) => this.#options.log(String(error)))
  }

  #pump(): void {
    const busy = (job: Waiting) => this.#running.has(`${job.user}/${job.id}`)
    while (!this.#stopping && this.#running.size < (this.#options.concurrency ?? 16)) {
      const job = this.#queue.take(performance.now(), '', busy)
      if (job === undefined) return
      this.#begin(job.user, job.id, abort => this.#run(job.user, job.name, abort))
    }
  }

  #begin(user: string, id: string, work: (abort: AbortController) => Promise<void>): void {
    const abort = new AbortController()
    const ended = work(abort)
      .catch((error: unknown) => this.#options.log(`job ${id}: ${String(error)}`))
      .finally(() => {
        this.#running.delete(`${user}/${id}`)
        this.#finished++
        this.#forgetMarker(user, id)
        this.#queue.release(user, id)
        this.#pump()
      })
    this.#running.set(`${user}/${id}`, { abort, ended })
  }

  async #run(user: string, name: string, abort: AbortController): Promise<void> {
    if (this.#isOutrun(user, name)) return this.#claims.drop(user, name)
    const claim = await this.#claims.claim(user, name)
    if (claim === undefined) return
    if (this.#stopping) return this.#claims.requeue(claim, claim.attempt.attempt)
    const voice = new Voice(claim, join(this.#folders(user).live, claim.attempt.id))
    if (this.#unwanted.has(`${user}/${claim.attempt.id}`)) abort.abort('cancelled')
    try {
      const outcome = await this.#attempt(claim, voice, abort)
      await voice.end()
      await this.#finish(claim, outcome)
    } catch (error) {
      // An answer that can't be written must not leave the client waiting for the next start of core.
      this.#options.log(`job ${attemptName(claim.attempt)} in ${claim.folder}: ${String(error)}`)
      await this.#claims.fail(claim, jobErrors.internal(String(error)))
    } finally {
      await voice.end()
    }
  }

  /** Whether a later attempt at the same job waits, too: then this one was sent again, and that one answers it. */
  #isOutrun(user: string, name: string): boolean {
    const attempt = parseAttemptName(name)
    if (attempt === undefined) return false
    const later = Array.from({ length: maxAttempts }, (_, i) => attempt.attempt + 1 + i)
    return later.some(number => this.#queue.has(user, attemptName({ id: attempt.id, attempt: number })))
  }

  async #attempt(claim: Claim, voice: Voice, abort: AbortController): Promise<Outcome> {
    const { folder, user, attempt } = claim
    const read = await readRequest(folder, this.#options.schema)
    if (!read.ok) return { type: 'failed', error: jobErrors.badRequest(read.detail) }
    const { signal } = abort
    if (signal.reason === 'cancelled') return { type: 'failed', error: jobErrors.cancelled() }
    const outFolder = async () => {
      const out = join(folder, `out-${attempt.attempt}`)
      await mkdir(out, { recursive: true })
      return out
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

  async #finish(claim: Claim, outcome: Outcome): Promise<void> {
    if (outcome.type === 'released') return this.#claims.requeue(claim, claim.attempt.attempt)
    if (outcome.type === 'crashed') return this.#claims.crashed(claim, outcome.detail)
    const answered =
      outcome.type === 'done'
        ? await this.#claims.succeed(claim, outcome.body)
        : await this.#claims.fail(claim, outcome.error)
    if (!answered)
      this.#options.log(`job ${attemptName(claim.attempt)} was answered elsewhere; this one is dropped`)
  }
}
