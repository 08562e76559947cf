import { lstatSync, readdirSync, statSync } from 'node:fs'
import { readdir, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import type { ZodType } from 'zod'
import { identify } from '../../lib/process-identity.ts'
import { isClosed } from './border.ts'
import { Answers } from './answers.ts'
import type { Claim } from './claim.ts'
import { Claims, UnfitJob } from './claims.ts'
import { Disk, type Durability } from './disk.ts'
import { FolderWatch } from './folder-watch.ts'
import { idSchema } from './ids.ts'
import { instanceName } from './instance.ts'
import {
  heartbeatName,
  isWhole,
  makeUserFolders,
  oddOf,
  serverFolders,
  type UserFolders,
  userFolders,
} from './layout.ts'
import { Lease, type LeaseTimes } from './lease.ts'
import { jobErrors, portalProblems } from './messages.ts'
import { ifThereNow, isFolder, isThere, makeFolder, removeAside } from './moves.ts'
import { type ReadRequest, readRequest } from './read-request.ts'
import { defaultRetention } from './retention.ts'
import { type Outcome, Voice } from './running-job.ts'
import { shareMark } from './share.ts'
import { sweep } from './sweep.ts'
import { takeOver } from './take-over.ts'
import { Tombstones } from './tombstones.ts'
import { type Look, overslept, type WorkerEvents, type WorkerTransport } from './transport.ts'

export interface FileTransportOptions {
  readonly spool: string
  readonly service: string
  readonly durability: Durability
  readonly lease: LeaseTimes
  readonly rescanMs: number
}

const maxAttempts = 3
const sweepMs = 60_000
/** A look around a long queue takes its time, and so does a sweep: how much longer each rests. */
const restFactor = { scan: 4, sweep: 50 } as const
const maxRestMs = 10_000
/** A user's folders that have not changed are read again after so long, for what was seen and could not be claimed. */
const rereadMs = 30_000
const settledMs = 1000

/** The worker's end of a portal in folders: a watch for speed, and a rescan every few seconds for truth. */
export class FileTransport implements WorkerTransport {
  readonly #options: FileTransportOptions
  readonly #tombstones: Tombstones
  readonly #claims: Claims
  readonly #answers: Answers
  readonly #lease: Lease
  readonly #watch = new FolderWatch()
  /** Whose folders are as they should be. */
  readonly #users = new Set<string>()
  /** When their folders were read. */
  readonly #read = new Map<string, number>()
  /** Claims of which the watch has not told yet: `user/name`. It may miss some, so it is emptied at each look around. */
  readonly #claimed = new Set<string>()
  /** Jobs that lie in `todo/` for good: `user/name`. */
  readonly #unfit = new Set<string>()
  #turnedAway = Promise.resolve()
  readonly #complaints = new Map<string, string>()
  #events: WorkerEvents | undefined
  #timer: NodeJS.Timeout | undefined
  #nextSweep = 0
  #scanning: Promise<void> = Promise.resolve()
  #scanIsDue = false
  #closing = false
  free = Infinity

  constructor(options: FileTransportOptions) {
    this.#options = options
    const me = identify(process.pid)
    if (me === undefined) throw new Error('this process has no identity')
    const { spool, service, durability, lease } = options
    const instance = instanceName(me)
    this.#tombstones = new Tombstones(serverFolders(spool, service).seen)
    const answering = { spool, service, disk: new Disk(durability), tombstones: this.#tombstones }
    this.#answers = new Answers(answering)
    const onDropped = (name: string) => this.#log(portalProblems.duplicate(name))
    this.#claims = new Claims({ ...answering, instance, maxAttempts, answers: this.#answers, onDropped })
    this.#lease = new Lease({ spool, service, instance, times: lease }, error =>
      this.#log(`the portal's heartbeat failed: ${String(error)}`),
    )
  }

  async open(events: WorkerEvents): Promise<void> {
    this.#events = events
    const { run, service, seen, dead, trash } = serverFolders(this.#options.spool, this.#options.service)
    for (const folder of [run, seen, dead, trash]) makeFolder(folder, 0o700)
    const other = (await this.#lease.holders()).find(({ holder }) => holder === 'working')
    if (other !== undefined)
      throw new Error(portalProblems.otherClaimer(this.#options.service, other.instance))
    this.#lease.take()
    await this.#tombstones.takeOver(Date.now())
    this.#watch.add(service, name => {
      if (name !== null && !this.#users.has(name) && idSchema.safeParse(name).success) this.#rescan()
    })
    await this.#scan()
    this.#schedule(0)
  }

  claim(user: string, name: string): Claim | undefined {
    this.#lease.ensureFresh()
    if (this.#lease.lost) {
      this.#rescan()
      throw Object.assign(new Error(portalProblems.overslept(this.#options.service)), { code: overslept })
    }
    try {
      this.#claimed.add(`${user}/${name}`)
      return this.#claims.claim(user, name)
    } catch (error) {
      this.#read.delete(user)
      if (!(error instanceof UnfitJob)) throw error
      const key = `${user}/${name}`
      this.#unfit.add(key)
      const told = this.#answers
        .turnAway(error.claim, jobErrors.closed())
        .catch((fault: unknown) => this.#log(`job ${key}: ${String(fault)}`))
      this.#turnedAway = this.#turnedAway.then(() => told)
      return undefined
    }
  }

  drop(user: string, name: string): void {
    this.#claims.drop(user, name)
  }

  async read<R>(claim: Claim, schema: ZodType<R>): Promise<ReadRequest<R> | undefined> {
    const refusal = claim.foreign === true ? await this.#claims.takeIn(claim) : undefined
    const read = refusal === undefined ? await readRequest(claim.folder, schema) : undefined
    this.#lease.ensureFresh()
    if (this.#lease.lost) return undefined
    return read ?? { ok: false, detail: refusal ?? '' }
  }

  async look<R>(user: string, name: string, schema: ZodType<R>): Promise<Look<R> | undefined> {
    const folder = join(this.#folders(user).todo, name)
    if (!isFolder(folder)) return undefined
    try {
      let bytes = 0
      for (const file of ifThereNow(() => readdirSync(folder)) ?? [])
        bytes += lstatSync(join(folder, file), { throwIfNoEntry: false })?.size ?? 0
      return { bytes, read: await readRequest(folder, schema) }
    } catch (error) {
      // Its turn comes, and then it is said what is wrong.
      if (isClosed(error)) return undefined
      throw error
    }
  }

  voice(claim: Claim): Voice {
    const { spool, service } = this.#options
    return new Voice(claim, `${spool}/${service}/${claim.user}/live/${claim.attempt.id}`)
  }

  async finish(claim: Claim, outcome: Outcome): Promise<boolean> {
    switch (outcome.type) {
      case 'done':
        return this.#answers.succeed(claim, outcome.body)
      case 'failed':
        return this.#answers.fail(claim, outcome.error)
      case 'crashed':
        await this.#claims.crashed(claim, outcome.detail)
        return true
      case 'released':
        this.#claims.requeue(claim, claim.attempt.attempt)
        return true
    }
  }

  forgetCancel(user: string, id: string): void {
    const marker = join(this.#folders(user).cancel, id)
    if (isThere(marker)) removeAside(marker, serverFolders(this.#options.spool, this.#options.service).trash)
  }

  async close(): Promise<void> {
    this.#closing = true
    clearTimeout(this.#timer)
    this.#watch[Symbol.dispose]()
    await this.#scanning
    await this.#turnedAway
    this.#lease.drop()
    this.#tombstones.close()
    this.#claims.close()
    this.#lease.forget()
  }

  #schedule(tookMs: number): void {
    this.#timer = setTimeout(
      () => {
        this.#rescan()
        const began = performance.now()
        // Not sooner than the last one has ended.
        void this.#scanning.then(() => {
          if (!this.#closing) this.#schedule(performance.now() - began)
        })
      },
      Math.max(this.#options.rescanMs, Math.min(maxRestMs, tookMs * restFactor.scan)),
    )
  }

  /** However many ask for it while one waits to begin, it is one. */
  #rescan(): void {
    if (this.#scanIsDue || this.#closing) return
    this.#scanIsDue = true
    this.#scanning = this.#scanning
      .then(() => {
        this.#scanIsDue = false
        return this.#closing ? undefined : this.#scan()
      })
      .catch((error: unknown) => this.#complain('', `the portal's rescan failed: ${String(error)}`))
  }

  async #scan(): Promise<void> {
    const { spool, service } = this.#options
    const isRunning = (user: string, id: string) => this.#events?.isRunning(user, id) ?? false
    const at = { spool, service, claims: this.#claims, answers: this.#answers, maxAttempts, isRunning }
    this.#claimed.clear()
    this.#lease.ensureFresh()
    const holders = await this.#lease.holders()
    const other = holders.find(({ holder }) => holder === 'working')
    if (other !== undefined && this.#lease.yieldsTo(other.instance)) {
      this.#lease.lose()
      this.#complain('', portalProblems.successor(this.#options.service, other.instance))
      return this.#events?.looked(false)
    }
    this.#lease.regain()
    for (const { instance, holder } of holders) {
      if (holder === 'working') continue
      for (const line of await takeOver(at, instance, holder)) this.#log(line)
    }
    const base = serverFolders(spool, service).service
    const disk = await statfs(base)
    this.free = disk.bavail * disk.bsize
    for (const entry of await readdir(base, { withFileTypes: true })) {
      if (!entry.isDirectory() || !idSchema.safeParse(entry.name).success) continue
      if (entry.name !== heartbeatName) await this.#lookAt(entry.name)
    }
    this.#events?.looked(true)
    this.#complaints.delete('')
    this.#tombstones.expire(Date.now(), defaultRetention.seen, (user, id) => this.#hasAnswer(user, id))
    await this.#sweep(isRunning)
  }

  async #sweep(isRunning: (user: string, id: string) => boolean): Promise<void> {
    const began = performance.now()
    if (began < this.#nextSweep) return
    const { spool, service } = this.#options
    await sweep({ spool, service, users: this.#users, retention: defaultRetention, isRunning }, Date.now())
    const ended = performance.now()
    this.#nextSweep = ended + Math.max(sweepMs, (ended - began) * restFactor.sweep)
  }

  /** One user's faults are no other's. */
  async #lookAt(user: string): Promise<void> {
    try {
      const folders = this.#folders(user)
      if (!isWhole(folders)) {
        const odd = oddOf(folders)
        if (odd !== undefined) throw new Error(portalProblems.oddFolder(odd))
        makeUserFolders(folders)
      }
      const { spool, service } = this.#options
      this.#claims.setShared(user, isThere(shareMark(spool, service, user)))
      await this.#takeStock(user, folders)
      this.#users.add(user)
      this.#complaints.delete(user)
    } catch (error) {
      this.#users.delete(user)
      this.#read.delete(user)
      for (const folder of Object.values(this.#folders(user)) as string[]) this.#watch.remove(folder)
      this.#complain(user, `the portal of ${user}: ${(error as Error).message}`)
    }
  }

  /** Watches a user's folders, then reads them. */
  async #takeStock(user: string, { todo, cancel }: UserFolders): Promise<void> {
    const changedTodo = (name: string | null) => {
      if (name === null) this.#rescan()
      // It tells of what leaves, too: first of our own claim.
      else if (!this.#claimed.delete(`${user}/${name}`)) this.#events?.waiting(user, name)
    }
    const changedCancel = (name: string | null) => {
      if (name === null) this.#rescan()
      else if (isThere(`${cancel}/${name}`)) this.#events?.cancelled(user, name)
    }
    this.#watch.add(todo, changedTodo, true)
    this.#watch.add(cancel, changedCancel, true)
    const changed = Math.max(statSync(todo).mtimeMs, statSync(cancel).mtimeMs)
    const read = this.#read.get(user) ?? -Infinity
    const now = Date.now()
    // A change in the same moment as the last look may have left the folder's time as it was.
    if (read - changed > settledMs && now - read < rereadMs) return
    this.#read.set(user, now)
    const names = await readdir(todo)
    const present = new Set(names)
    for (const key of this.#unfit)
      if (key.startsWith(`${user}/`) && !present.has(key.slice(user.length + 1))) this.#unfit.delete(key)
    for (const name of names.sort())
      if (!this.#unfit.has(`${user}/${name}`)) this.#events?.waiting(user, name)
    for (const name of await readdir(cancel)) this.#events?.cancelled(user, name)
  }

  #hasAnswer(user: string, id: string): boolean {
    const { done, error } = this.#folders(user)
    return isThere(join(done, id)) || isThere(join(error, id))
  }

  #folders(user: string): UserFolders {
    return userFolders(this.#options.spool, this.#options.service, user)
  }

  /** Once, until it is something else. */
  #complain(about: string, text: string): void {
    if (this.#complaints.get(about) !== text) this.#log(text)
    this.#complaints.set(about, text)
  }

  #log(line: string): void {
    this.#events?.log(line)
  }
}
