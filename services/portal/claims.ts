import { lstat, mkdir, readdir, readFile, rename, rm, rmdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { writeFileAtomic } from '../../lib/atomic-write.ts'
import { type Attempt, attemptName, parseAttemptName } from './ids.ts'
import { instanceLives } from './instance.ts'
import { serverFolders, userFolders } from './layout.ts'
import { jobErrors } from './messages.ts'
import { type JobError, resultSchema } from './request.ts'

/** A job that this claimer holds, in its own `.run/` folder. */
export interface Claim {
  readonly user: string
  readonly attempt: Attempt
  readonly folder: string
}

/** Written when an attempt's result stands: it names the claim, so that marks of other attempts count for nothing. */
const markName = '.complete'

/**
 * The renames that move a job, in an order in which SIGKILL between any two leaves it in one place from which it goes on:
 * todo → .run → done or error, or from .run back to todo as the next attempt.
 */
export class Claims {
  readonly #spool: string
  readonly #service: string
  readonly #instance: string
  readonly #maxAttempts: number

  constructor(spool: string, service: string, instance: string, maxAttempts: number) {
    this.#spool = spool
    this.#service = service
    this.#instance = instance
    this.#maxAttempts = maxAttempts
  }

  get #run(): string {
    return serverFolders(this.#spool, this.#service).run
  }

  async open(): Promise<void> {
    await mkdir(join(this.#run, this.#instance), { recursive: true })
  }

  /** Undefined: somebody else was faster, or the client withdrew it. */
  async claim(user: string, name: string): Promise<Claim | undefined> {
    const attempt = parseAttemptName(name)
    if (attempt === undefined) return undefined
    const parent = join(this.#run, this.#instance, user)
    await mkdir(parent, { recursive: true })
    const folder = join(parent, attemptName(attempt))
    const { todo } = userFolders(this.#spool, this.#service, user)
    if (!(await renamed(join(todo, name), folder))) return undefined
    // A link in a job's place would lead out of the portal, whatever is checked further in; a file is no job.
    if (!(await lstat(folder)).isDirectory()) {
      await rm(folder)
      return undefined
    }
    // A job that a person put back with `mv` still carries the old answer.
    await rm(join(folder, 'result.json'), { force: true })
    return { user, attempt, folder }
  }

  succeed(claim: Claim, body: Record<string, unknown>): Promise<void> {
    return this.#publish(claim, { ok: true, id: claim.attempt.id, ...body })
  }

  fail(claim: Claim, error: JobError): Promise<void> {
    return this.#publish(claim, { ok: false, id: claim.attempt.id, error })
  }

  /** Back to the queue as attempt `n`. */
  async requeue(claim: Claim, n: number): Promise<void> {
    const { todo } = userFolders(this.#spool, this.#service, claim.user)
    await renamed(claim.folder, join(todo, attemptName({ id: claim.attempt.id, attempt: n })))
  }

  /** The attempt took its engine down, or its claimer died: again, until it has been tried often enough. */
  async crashed(claim: Claim, detail: string): Promise<void> {
    const { id, attempt } = claim.attempt
    if (attempt < this.#maxAttempts) return this.requeue(claim, attempt + 1)
    // The answer first: after a kill between the two, recovery comes here again and finds the answer published.
    const body = { ok: false, id, error: jobErrors.engineCrashed(attempt, detail) }
    const answer = `${claim.folder}.answer`
    await mkdir(answer, { recursive: true })
    await writeFileAtomic(join(answer, 'result.json'), JSON.stringify(body))
    await renamed(answer, join(userFolders(this.#spool, this.#service, claim.user).error, id))
    const { dead } = serverFolders(this.#spool, this.#service)
    await mkdir(dead, { recursive: true })
    await writeFile(join(claim.folder, 'log.txt'), `${detail}\n`, { flag: 'a' })
    await renamed(claim.folder, join(dead, attemptName(claim.attempt)))
  }

  /** Takes over the jobs of claimers that have died. Returns a line for the log for each. */
  async recoverDead(): Promise<string[]> {
    const lines: string[] = []
    for (const instance of await readdir(this.#run)) {
      if (instance === this.#instance || instanceLives(instance)) continue
      for (const user of await readdir(join(this.#run, instance))) {
        for (const name of await readdir(join(this.#run, instance, user))) {
          const folder = join(this.#run, instance, user, name)
          const attempt = parseAttemptName(name)
          if (attempt === undefined) await rm(folder, { recursive: true, force: true })
          else lines.push(await this.#recover({ user, attempt, folder }, instance))
        }
        await rmdir(join(this.#run, instance, user))
      }
      await rmdir(join(this.#run, instance))
    }
    return lines
  }

  async #recover(claim: Claim, instance: string): Promise<string> {
    const name = attemptName(claim.attempt)
    if ((await readOrEmpty(join(claim.folder, markName))) === `${instance}/${name}`) {
      const result = resultSchema.parse(JSON.parse(await readFile(join(claim.folder, 'result.json'), 'utf8')))
      await this.#move(claim, result.ok)
      return `job ${name} was finished when its claimer died, and is delivered`
    }
    await this.crashed(claim, 'core was killed')
    return `job ${name} is taken over from a claimer that died`
  }

  async #publish(claim: Claim, result: { ok: boolean; id: string; [key: string]: unknown }): Promise<void> {
    await writeFileAtomic(join(claim.folder, 'result.json'), `${JSON.stringify(result)}\n`)
    await writeFileAtomic(join(claim.folder, markName), `${this.#instance}/${attemptName(claim.attempt)}`)
    await this.#move(claim, result.ok)
  }

  /** The commit point. */
  async #move(claim: Claim, ok: boolean): Promise<void> {
    const folders = userFolders(this.#spool, this.#service, claim.user)
    if (await renamed(claim.folder, join(ok ? folders.done : folders.error, claim.attempt.id))) return
    // An answer under this id is there already, and it stays the one.
    await rm(claim.folder, { recursive: true, force: true })
  }
}

/** False: the source is not there any more, or the target is taken by a folder with something in it. */
async function renamed(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to)
    return true
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTEMPTY' || code === 'EEXIST') return false
    throw error
  }
}

async function readOrEmpty(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ''
    throw error
  }
}
