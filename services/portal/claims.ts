import { lstat, mkdir, readdir, readFile, rm, rmdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { writeFileAtomic } from '../../lib/atomic-write.ts'
import type { Disk } from './disk.ts'
import { type Attempt, attemptName, namesBelow, parseAttemptName } from './ids.ts'
import { heartbeatName, type ServerFolders, serverFolders, type UserFolders, userFolders } from './layout.ts'
import { jobErrors } from './messages.ts'
import { hasCode, ifThere, moved, removeAside } from './moves.ts'
import { type Holder, recoveryOf } from './recovery.ts'
import { type JobError, resultSchema } from './request.ts'

/** A job that a claimer holds, in its folder under `.run/`. */
export interface Claim {
  readonly user: string
  readonly attempt: Attempt
  readonly folder: string
}

/** What an earlier attempt left, or a client should not have put there. */
const old = /^(result\.json|log\.txt|stream\.ndjson|out-\d+|\..*)$/

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
  readonly #made = new Set<string>()

  constructor(spool: string, service: string, instance: string, maxAttempts: number, disk: Disk) {
    this.#spool = spool
    this.#service = service
    this.#mine = join(serverFolders(spool, service).run, instance)
    this.#maxAttempts = maxAttempts
    this.#disk = disk
  }

  get #server(): ServerFolders {
    return serverFolders(this.#spool, this.#service)
  }

  /** Undefined: somebody else was faster, the client withdrew it, or it is none that has to be done. */
  async claim(user: string, name: string): Promise<Claim | undefined> {
    const attempt = parseAttemptName(name)
    if (attempt === undefined) return undefined
    const parent = join(this.#mine, user)
    await this.#make(parent)
    const claim = { user, attempt, folder: join(parent, attemptName(attempt)) }
    if (!(await moved(join(this.#user(user).todo, name), claim.folder))) {
      // Or our own folder was taken away with our lease.
      this.#made.delete(parent)
      return undefined
    }
    // A link in a job's place would lead out of the portal, whatever is checked further in; a file is no job.
    if (!(await lstat(claim.folder)).isDirectory()) {
      await rm(claim.folder)
      return undefined
    }
    return (await this.#isDue(claim)) ? claim : undefined
  }

  /** False: the lease is lost and the job is another's, who answers it. */
  succeed(claim: Claim, body: Record<string, unknown>): Promise<boolean> {
    return this.#publish(claim, { ok: true, id: claim.attempt.id, ...body })
  }

  /** False: as for `succeed`. */
  fail(claim: Claim, error: JobError): Promise<boolean> {
    return this.#publish(claim, { ok: false, id: claim.attempt.id, error })
  }

  /** Takes a duplicate out of the queue. */
  async drop(user: string, name: string): Promise<void> {
    await removeAside(join(this.#user(user).todo, name), this.#server.trash)
  }

  /** Back to the queue as attempt `n`. */
  async requeue(claim: Claim, n: number): Promise<void> {
    // The same request sent again meanwhile, which waits under a lower number: done first, it would make two answers.
    if (n > claim.attempt.attempt) {
      for (const name of namesBelow(claim.attempt.id, n)) await this.drop(claim.user, name)
    }
    const target = join(this.#user(claim.user).todo, attemptName({ id: claim.attempt.id, attempt: n }))
    if (await moved(claim.folder, target)) return
    // The same id waits there already, and one of them is enough.
    await removeAside(claim.folder, this.#server.trash)
  }

  /** The attempt took its engine down, or its claimer died: again, until it has been tried often enough. */
  async crashed(claim: Claim, detail: string): Promise<void> {
    const { attempt } = claim.attempt
    if (attempt < this.#maxAttempts) return this.requeue(claim, attempt + 1)
    await this.#bury(claim, detail, true)
  }

  /** Takes over what lies in a claimer's folder. Returns a line for the log for each job that it moved. */
  async recover(
    instance: string,
    holder: Holder,
    isRunning: (user: string, id: string) => boolean,
  ): Promise<string[]> {
    const lines: string[] = []
    const base = join(this.#server.run, instance)
    for (const user of (await ifThere(readdir(base))) ?? []) {
      if (user === heartbeatName) continue
      for (const name of (await ifThere(readdir(join(base, user)))) ?? []) {
        const attempt = parseAttemptName(name)
        if (attempt === undefined) continue
        const claim = { user, attempt, folder: join(base, user, name) }
        const line = await this.#recover(claim, holder, () => isRunning(user, attempt.id))
        if (line !== undefined) lines.push(line)
      }
      if (holder === 'dead') await this.#tidy(join(base, user))
    }
    if (holder === 'dead') await forget(base)
    return lines
  }

  /** Removes our folder, unless a job was left in it. */
  async close(): Promise<void> {
    for (const user of (await ifThere(readdir(this.#mine))) ?? []) {
      if (user !== heartbeatName) await removeEmpty(join(this.#mine, user))
    }
    await forget(this.#mine)
  }

  async #isDue(claim: Claim): Promise<boolean> {
    const names = await readdir(claim.folder)
    if (await this.#isAnswered(claim)) {
      // Only what somebody took out of `done` or `error` has an answer in it: that is meant as a new job.
      if (!names.includes('result.json')) {
        await removeAside(claim.folder, this.#server.trash)
        return false
      }
      await rm(this.#tombstone(claim), { force: true })
    }
    for (const name of names) {
      if (old.test(name)) await rm(join(claim.folder, name), { recursive: true, force: true })
    }
    return true
  }

  async #recover(claim: Claim, holder: Holder, running: () => boolean): Promise<string | undefined> {
    const name = attemptName(claim.attempt)
    const complete = await isThere(markOf(claim))
    const answered = await this.#isAnswered(claim)
    const found = { holder, attempt: claim.attempt, running: running(), complete, answered }
    const plan = recoveryOf(found, this.#maxAttempts)
    if (plan.type === 'leave') return undefined
    if (plan.type === 'drop') {
      await removeAside(claim.folder, this.#server.trash)
      return `job ${name} had been answered, and its duplicate is dropped`
    }
    await rm(join(this.#user(claim.user).live, claim.attempt.id), { recursive: true, force: true })
    if (plan.type === 'deliver') {
      const result = resultSchema.parse(JSON.parse(await readFile(join(claim.folder, 'result.json'), 'utf8')))
      await this.#deliver(claim, result.ok)
      return `job ${name} was finished when its claimer ended, and is delivered`
    }
    if (plan.type === 'bury') await this.#bury(claim, `its claimer was ${holder}`, plan.answer)
    else await this.requeue(claim, plan.attempt)
    return `job ${name} is taken over from a claimer that ${holder === 'dead' ? 'died' : 'let go of it'}`
  }

  /** The answer first, and its tombstone before it is seen: after a kill anywhere, recovery comes here and goes on. */
  async #bury(claim: Claim, detail: string, owed: boolean): Promise<void> {
    const { id, attempt } = claim.attempt
    const answer = `${claim.folder}.answer`
    if (owed) {
      await mkdir(answer, { recursive: true })
      const body = { ok: false, id, error: jobErrors.engineCrashed(attempt, detail) }
      await writeFileAtomic(join(answer, 'result.json'), `${JSON.stringify(body)}\n`)
      await this.#disk.tree(answer)
      await this.#entomb(claim)
    }
    const { error } = this.#user(claim.user)
    await moved(answer, join(error, id))
    await this.#disk.names(error)
    const dead = join(this.#server.dead, claim.user)
    await mkdir(dead, { recursive: true })
    await writeFile(join(claim.folder, 'log.txt'), `${detail}\n`, { flag: 'a' })
    const grave = join(dead, attemptName(claim.attempt))
    await removeAside(grave, this.#server.trash)
    await moved(claim.folder, grave)
  }

  async #publish(
    claim: Claim,
    result: { ok: boolean; id: string; [key: string]: unknown },
  ): Promise<boolean> {
    try {
      await writeFileAtomic(join(claim.folder, 'result.json'), `${JSON.stringify(result)}\n`)
      await this.#disk.tree(claim.folder)
      await writeFile(markOf(claim), '')
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return false
      throw error
    }
    return this.#deliver(claim, result.ok)
  }

  async #deliver(claim: Claim, ok: boolean): Promise<boolean> {
    await this.#entomb(claim)
    const { done, error } = this.#user(claim.user)
    const target = ok ? done : error
    // The commit point.
    const committed = await moved(claim.folder, join(target, claim.attempt.id))
    await this.#disk.names(target)
    // An answer under this id is there already, and it stays the one.
    if (!committed) await removeAside(claim.folder, this.#server.trash)
    await rm(markOf(claim), { force: true })
    return committed
  }

  async #entomb(claim: Claim): Promise<void> {
    await this.#make(join(this.#server.seen, claim.user))
    await writeFile(this.#tombstone(claim), `${claim.attempt.attempt}\n`)
  }

  /** By this attempt or a later one; a tombstone that says nothing counts for all. */
  async #isAnswered(claim: Claim): Promise<boolean> {
    const text = await ifThere(readFile(this.#tombstone(claim), 'utf8'))
    if (text === undefined) return false
    const by = Number.parseInt(text, 10)
    return Number.isNaN(by) || by >= claim.attempt.attempt
  }

  #tombstone({ user, attempt }: Claim): string {
    return join(this.#server.seen, user, attempt.id)
  }

  /** Removes what is no job from a dead claimer's folder, and the folder. A living one may put a job there meanwhile. */
  async #tidy(folder: string): Promise<void> {
    for (const name of await readdir(folder)) {
      if (parseAttemptName(name) === undefined) await rm(join(folder, name), { recursive: true, force: true })
    }
    await removeEmpty(folder)
  }

  #user(user: string): UserFolders {
    return userFolders(this.#spool, this.#service, user)
  }

  async #make(folder: string): Promise<void> {
    if (this.#made.has(folder)) return
    await mkdir(folder, { recursive: true })
    this.#made.add(folder)
  }
}

/** Beside the claim's folder, so that a job which is moved elsewhere and comes back has no mark. */
function markOf(claim: Claim): string {
  return `${claim.folder}.complete`
}

async function isThere(path: string): Promise<boolean> {
  return (await ifThere(lstat(path))) !== undefined
}

async function forget(instance: string): Promise<void> {
  await rm(join(instance, heartbeatName), { force: true })
  await removeEmpty(instance)
}

async function removeEmpty(folder: string): Promise<void> {
  try {
    await rmdir(folder)
  } catch (error) {
    if (!hasCode(error, 'ENOENT', 'ENOTEMPTY')) throw error
  }
}
