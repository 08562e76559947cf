import { chmodSync, linkSync, lstatSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Answers } from './answers.ts'
import { copyOver, isClosed, unwrap, wrap, wrapperOf } from './border.ts'
import { leftover } from './copy-in.ts'
import type { Claim } from './claim.ts'
import type { Disk } from './disk.ts'
import { type Attempt, attemptName, namesBelow, newId, parseAttemptName } from './ids.ts'
import {
  makeUserFolders,
  serverFolders,
  type ServerFolders,
  type UserFolders,
  userFolders,
} from './layout.ts'
import { jobErrors } from './messages.ts'
import {
  hasCode,
  ifThereNow,
  isFolder,
  isThere,
  makeFolder,
  moved,
  removeAll,
  removeAside,
  removeEmpty,
  removeIfOpen,
} from './moves.ts'
import { addPlain, blankName } from './plain-files.ts'
import { copyRefusals } from './share-messages.ts'
import { makeJobsFolder } from './share.ts'
import type { Tombstones } from './tombstones.ts'

/** Its owner has closed its folder to the service, or put something into it that no path can name. */
export class UnfitJob extends Error {
  readonly claim: Claim

  constructor(claim: Claim, options: { cause: unknown }) {
    super('the job is closed to the service', options)
    this.claim = claim
  }
}

/** Without one (Windows) nobody else's is told apart, and nothing is shared. */
const uid = process.geteuid?.()

/**
 * The renames that move a job, in an order in which SIGKILL between any two leaves it in one place from which it goes on:
 * todo → .run → done or error, or from .run back to todo as the next attempt.
 */
export class Claims {
  readonly #spool: string
  readonly #service: string
  readonly #mine: string
  readonly #maxAttempts: number
  readonly #disk: Disk
  readonly #tombstones: Tombstones
  readonly #answers: Answers
  readonly #onDropped: (name: string) => void
  readonly #server: ServerFolders
  readonly #made = new Set<string>()
  readonly #users = new Map<string, UserFolders>()
  readonly #shared = new Set<string>()

  constructor(options: {
    spool: string
    service: string
    instance: string
    maxAttempts: number
    disk: Disk
    tombstones: Tombstones
    answers: Answers
    onDropped: (name: string) => void
  }) {
    this.#onDropped = options.onDropped
    this.#spool = options.spool
    this.#service = options.service
    this.#server = serverFolders(options.spool, options.service)
    this.#mine = join(this.#server.run, options.instance)
    this.#maxAttempts = options.maxAttempts
    this.#disk = options.disk
    this.#tombstones = options.tombstones
    this.#answers = options.answers
  }

  /** Whether the service is shared with this user of the machine. */
  setShared(user: string, shared: boolean): void {
    if (this.#shared.has(user) === shared) return
    if (shared) this.#shared.add(user)
    else this.#shared.delete(user)
    // It has other rights now.
    this.#made.delete(user)
  }

  /** Undefined: somebody else was faster, the client withdrew it, or it is none that has to be done. */
  claim(user: string, name: string): Claim | undefined {
    const attempt = parseAttemptName(name)
    if (attempt === undefined) return undefined
    const claim = { user, attempt, folder: this.#folderOf(user, attempt) }
    const from = `${this.#user(user).todo}/${name}`
    let answered = this.#answers.isAnswered(claim)
    if (answered && isThere(`${from}/result.json`)) {
      // It was taken out of `done` or `error`, and is meant as a new job.
      this.#tombstones.remove(user, attempt.id)
      answered = false
    }
    if (!this.#move(claim, from)) {
      // Or our own folder was taken away with our lease.
      this.#made.delete(user)
      return undefined
    }
    return this.#due(claim, answered)
  }

  /** Before anything else is done with a claim. Words: what another user's folder has that can't be taken in. */
  async takeIn(claim: Claim): Promise<string | undefined> {
    if (!claim.foreign) return undefined
    const copied = await copyOver(claim.folder, this.#server.trash, this.#disk)
    return copied.ok ? undefined : copyRefusals[copied.reason](copied.name)
  }

  /** Takes over what a claimer left that was about to copy another user's job. */
  async unwrap(claim: Claim): Promise<void> {
    const mine = this.#folderOf(claim.user, claim.attempt)
    const from = unwrap(claim.folder, mine, this.#server.trash)
    if (from === undefined) return
    try {
      this.requeue({ ...claim, folder: from }, claim.attempt.attempt)
    } catch (error) {
      if (!isClosed(error)) throw error
      await this.#answers.turnAway({ ...claim, folder: mine }, jobErrors.closed())
    }
    this.#discard(wrapperOf(mine))
  }

  /** Takes a duplicate out of the queue. */
  drop(user: string, name: string): void {
    this.#discard(join(this.#user(user).todo, name))
  }

  /** Back to the queue as attempt `n`. */
  requeue(claim: Claim, n: number): void {
    // The same request sent again meanwhile, which waits under a lower number: done first, it would make two answers.
    if (n > claim.attempt.attempt) {
      for (const name of namesBelow(claim.attempt.id, n)) this.drop(claim.user, name)
    }
    // Of an attempt that came so far and no further; in the queue it would say that this is meant as a new job.
    removeIfOpen(join(claim.folder, 'result.json'))
    const { todo } = this.#user(claim.user)
    if (moved(claim.folder, join(todo, attemptName({ id: claim.attempt.id, attempt: n })))) return
    if (!isThere(todo)) {
      makeUserFolders(this.#user(claim.user))
      return this.requeue(claim, n)
    }
    // The same id waits there already, and one of them is enough.
    this.#discard(claim.folder)
  }

  /** The attempt took its engine down, or its claimer died: again, until it has been tried often enough. */
  async crashed(claim: Claim, detail: string): Promise<void> {
    const { attempt } = claim.attempt
    if (attempt < this.#maxAttempts) this.requeue(claim, attempt + 1)
    else await this.bury(claim, detail)
  }

  /** A job that crashed too often is answered, and kept in `.dead/` too: names of the same files, and what is known of the crash. */
  async bury(claim: Claim, detail: string): Promise<void> {
    const dead = join(this.#server.dead, claim.user)
    const grave = join(dead, attemptName(claim.attempt))
    makeFolder(dead)
    this.#discard(grave)
    mkdirSync(grave)
    for (const entry of ifThereNow(() => readdirSync(claim.folder, { withFileTypes: true })) ?? []) {
      if (entry.isFile()) linkIfPossible(join(claim.folder, entry.name), join(grave, entry.name))
    }
    addPlain(join(grave, 'log.txt'), `${detail}\n`)
    await this.#answers.fail(claim, jobErrors.engineCrashed(claim.attempt.attempt, detail))
  }

  discard(claim: Claim): void {
    this.#discard(claim.folder)
  }

  /** Removes our folder, unless a job was left in it. */
  close(): void {
    for (const user of ifThereNow(() => readdirSync(this.#mine)) ?? []) {
      if (isFolder(join(this.#mine, user))) removeEmpty(join(this.#mine, user))
    }
  }

  #move(claim: Claim, from: string): boolean {
    try {
      return moved(from, claim.folder)
    } catch (error) {
      if (!hasCode(error, 'EACCES', 'EPERM')) throw error
    }
    try {
      // Perhaps only its own rights are in the way.
      if (isFolder(from)) chmodSync(from, lstatSync(from).mode | 0o700)
      return moved(from, claim.folder)
    } catch (error) {
      if (!hasCode(error, 'EACCES', 'EPERM')) throw error
      throw new UnfitJob(claim, { cause: error })
    }
  }

  #due(claim: Claim, answered: boolean): Claim | undefined {
    const found = lstatSync(claim.folder, { throwIfNoEntry: false })
    // A link in a job's place would lead out of the portal, whatever is checked further in; a file is no job.
    if (found?.isDirectory() !== true) {
      rmSync(claim.folder, { force: true })
      return undefined
    }
    // One with whom the service is shared may write to what is ours, too: to an answer that is put back.
    const isOther = found.uid !== uid || this.#shared.has(claim.user)
    if (isOther && !wrap(claim.folder)) return undefined
    if (answered) {
      this.#onDropped(attemptName(claim.attempt))
      this.#discard(isOther ? wrapperOf(claim.folder) : claim.folder)
      return undefined
    }
    // What is in it is not looked at before it is copied, and then what an earlier attempt left stays out.
    if (isOther) return { ...claim, foreign: true }
    const names = this.#namesIn(claim)
    for (const name of names) if (leftover.test(name) && name !== blankName) this.#clear(claim.folder, name)
    return names.includes(blankName) ? { ...claim, blank: true } : claim
  }

  #namesIn(claim: Claim): string[] {
    try {
      return readdirSync(claim.folder)
    } catch (error) {
      if (!isClosed(error)) throw error
    }
    try {
      chmodSync(claim.folder, lstatSync(claim.folder).mode | 0o700)
      return readdirSync(claim.folder)
    } catch (error) {
      if (!isClosed(error)) throw error
      throw new UnfitJob(claim, { cause: error })
    }
  }

  /** Where it lies while it is ours; its parent is there. */
  #folderOf(user: string, attempt: Attempt): string {
    const parent = `${this.#mine}/${user}`
    if (!this.#made.has(user)) {
      makeFolder(this.#mine)
      if (this.#shared.has(user)) makeJobsFolder({ spool: this.#spool, service: this.#service, user }, parent)
      else makeFolder(parent)
    }
    this.#made.add(user)
    return `${parent}/${attemptName(attempt)}`
  }

  /** Out of the way of this attempt. */
  #clear(folder: string, name: string): void {
    try {
      removeAll(join(folder, name))
    } catch (error) {
      // Closed by its owner, or changed by a client that is still in there: it can have another name.
      if (!hasCode(error, 'EACCES', 'EPERM', 'ENOTEMPTY')) throw error
      moved(join(folder, name), join(folder, `.${newId()}`))
    }
  }

  #discard(folder: string): void {
    removeAside(folder, this.#server.trash)
  }

  #user(user: string): UserFolders {
    let folders = this.#users.get(user)
    if (folders === undefined) {
      folders = userFolders(this.#spool, this.#service, user)
      this.#users.set(user, folders)
    }
    return folders
  }
}

/** A file system may have no hard links, or the kernel may forbid one to another's file. The answer matters more. */
function linkIfPossible(from: string, to: string): void {
  try {
    linkSync(from, to)
  } catch (error) {
    if (!hasCode(error, 'EPERM', 'EMLINK', 'ENOTSUP', 'EOPNOTSUPP', 'ENOENT')) throw error
  }
}
