import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { ZodType } from 'zod'
import { identify } from '../../lib/process-identity.ts'
import { type Claim, Claims } from './claims.ts'
import { FolderWatch } from './folder-watch.ts'
import { attemptName, idSchema, parseAttemptName } from './ids.ts'
import { instanceName } from './instance.ts'
import { makeUserFolders, serverFolders, userFolders } from './layout.ts'
import { jobErrors } from './messages.ts'
import { readRequest } from './read-request.ts'
import type { JobError, Status } from './request.ts'

/** A claimed job as its handler sees it. */
export interface ClaimedJob<R> {
  readonly id: string
  readonly user: string
  readonly attempt: number
  readonly request: R
  /** The request's attachments lie here; a client wrote them, so open them with `openPlain`. */
  readonly folder: string
  /** Aborted with reason `cancelled` or `stopping`. */
  readonly signal: AbortSignal
  setStatus(status: Status): Promise<void>
}

/** How an attempt ended. `crashed`: another attempt may succeed. `released`: it was not at fault, and starts again. */
export type Outcome =
  | { type: 'done'; body: Record<string, unknown> }
  | { type: 'failed'; error: JobError }
  | { type: 'crashed'; detail: string }
  | { type: 'released' }

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
}

const maxAttempts = 3

/**
 * Serves one service's portal: claims in order, runs the handler, publishes exactly one result for each job, and takes
 * over what a dead claimer left. One worker serves a service at a time on one machine.
 */
export class PortalWorker<R> {
  readonly #options: WorkerOptions<R>
  readonly #claims: Claims
  readonly #watch = new FolderWatch()
  readonly #users = new Set<string>()
  /** Submitted and not yet claimed, in order: `user/name`. */
  readonly #queue = new Map<string, { user: string; name: string }>()
  readonly #running = new Map<string, { abort: AbortController; ended: Promise<void> }>()
  #stopping = false
  #timer: NodeJS.Timeout | undefined
  #scanning: Promise<void> = Promise.resolve()

  constructor(options: WorkerOptions<R>) {
    this.#options = options
    const me = identify(process.pid)
    if (me === undefined) throw new Error('this process has no identity')
    this.#claims = new Claims(options.spool, options.service, instanceName(me), maxAttempts)
  }

  /** Returns when the watch is armed, the dead are recovered and what waits is being worked on. */
  async start(): Promise<void> {
    const { service } = serverFolders(this.#options.spool, this.#options.service)
    await this.#claims.open()
    this.#watch.add(service, name => {
      if (name !== null && !this.#users.has(name)) this.#rescan()
    })
    await this.#scan()
    const schedule = () => {
      this.#timer = setTimeout(() => {
        this.#rescan()
        schedule()
      }, this.#options.rescanMs ?? 2000)
    }
    schedule()
  }

  /** Claims no more, aborts what runs (reason `stopping`) and waits until all of it is put back or answered. */
  async stop(): Promise<void> {
    this.#stopping = true
    clearTimeout(this.#timer)
    this.#watch[Symbol.dispose]()
    for (const { abort } of this.#running.values()) abort.abort('stopping')
    await this.#scanning
    await Promise.all(Array.from(this.#running.values(), job => job.ended))
  }

  #rescan(): void {
    this.#scanning = this.#scanning
      .then(() => (this.#stopping ? undefined : this.#scan()))
      .catch((error: unknown) => this.#options.log(`the portal's rescan failed: ${String(error)}`))
  }

  async #scan(): Promise<void> {
    const { spool, service } = this.#options
    for (const line of await this.#claims.recoverDead()) this.#options.log(line)
    const entries = await readdir(serverFolders(spool, service).service, { withFileTypes: true })
    for (const entry of entries) {
      if (!entry.isDirectory() || !idSchema.safeParse(entry.name).success) continue
      await this.#look(entry.name)
    }
    this.#pump()
  }

  /** Watches a user's folders, then takes stock of them. */
  async #look(user: string): Promise<void> {
    const folders = userFolders(this.#options.spool, this.#options.service, user)
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

  #enqueue(user: string, name: string): void {
    const key = `${user}/${name}`
    if (parseAttemptName(name) !== undefined && !this.#queue.has(key)) this.#queue.set(key, { user, name })
  }

  #cancel(user: string, id: string): void {
    if (this.#stopping) return
    this.#running.get(`${user}/${id}`)?.abort.abort('cancelled')
    // A marker of a job that is neither running nor waiting has nothing left to say.
    const waiting = this.#queue
      .values()
      .some(job => job.user === user && parseAttemptName(job.name)?.id === id)
    if (waiting) return
    const { cancel } = userFolders(this.#options.spool, this.#options.service, user)
    rm(join(cancel, id), { force: true }).catch((error: unknown) => this.#options.log(String(error)))
  }

  #pump(): void {
    for (const [key, { user, name }] of this.#queue) {
      if (this.#stopping || this.#running.size >= (this.#options.concurrency ?? 16)) return
      const attempt = parseAttemptName(name)
      const runKey = `${user}/${attempt?.id ?? ''}`
      if (attempt === undefined || this.#running.has(runKey)) continue
      this.#queue.delete(key)
      const abort = new AbortController()
      const ended = this.#run(user, name, abort.signal)
        .catch((error: unknown) => this.#options.log(`job ${attempt.id}: ${String(error)}`))
        .finally(() => {
          this.#running.delete(runKey)
          this.#pump()
        })
      this.#running.set(runKey, { abort, ended })
    }
  }

  async #run(user: string, name: string, signal: AbortSignal): Promise<void> {
    const claim = await this.#claims.claim(user, name)
    if (claim === undefined) return
    const live = join(userFolders(this.#options.spool, this.#options.service, user).live, claim.attempt.id)
    try {
      await this.#finish(claim, await this.#attempt(claim, live, signal))
    } catch (error) {
      // An answer that can't be written must not leave the client waiting for the next start of core.
      this.#options.log(`job ${attemptName(claim.attempt)} in ${claim.folder}: ${String(error)}`)
      await this.#claims.fail(claim, jobErrors.internal(String(error)))
    } finally {
      await rm(live, { recursive: true, force: true })
    }
  }

  async #attempt(claim: Claim, live: string, signal: AbortSignal): Promise<Outcome> {
    const { folder, user, attempt } = claim
    const read = await readRequest(folder, this.#options.schema)
    if (!read.ok) return { type: 'failed', error: jobErrors.badRequest(read.detail) }
    await rm(live, { recursive: true, force: true })
    const setStatus = (status: Status) => writeStatus(live, status)
    return this.#options.handle({ ...attempt, user, folder, signal, setStatus, request: read.request })
  }

  async #finish(claim: Claim, outcome: Outcome): Promise<void> {
    if (outcome.type === 'done') await this.#claims.succeed(claim, outcome.body)
    else if (outcome.type === 'failed') await this.#claims.fail(claim, outcome.error)
    else if (outcome.type === 'released') await this.#claims.requeue(claim, claim.attempt.attempt)
    else await this.#claims.crashed(claim, outcome.detail)
  }
}

/** The folder appears with the status in it: the client watches `live/`, and would not hear of a file inside. */
async function writeStatus(live: string, status: Status): Promise<void> {
  const hidden = join(dirname(live), `.${basename(live)}`)
  await rm(hidden, { recursive: true, force: true })
  await mkdir(hidden)
  await writeFile(join(hidden, 'status.json'), JSON.stringify(status))
  await rm(live, { recursive: true, force: true })
  await rename(hidden, live)
}
