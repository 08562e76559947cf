import { constants } from 'node:fs'
import { copyFile, mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Disk, type Durability } from './disk.ts'
import { FolderWatch } from './folder-watch.ts'
import { attemptName, idSchema, newId } from './ids.ts'
import { Job } from './job.ts'
import { makeUserFolders, type UserFolders, userFolders } from './layout.ts'
import { hasCode } from './moves.ts'
import type { SttRequestInput } from './request.ts'

export { Job } from './job.ts'

/** A file that travels with a request: a copy of `from` under `name`. */
export interface Attachment {
  readonly name: string
  readonly from: string
}

export interface SubmitOptions {
  readonly files?: readonly Attachment[]
  readonly signal?: AbortSignal
  /** Your own, so that a client which was killed finds its job again; a second submission under it is the same job. */
  readonly id?: string
  /** When the answer is of no use any more. */
  readonly deadline?: Date
}

/** What a client may ask of any service. */
export type RequestInput = SttRequestInput | Readonly<Record<string, unknown>>

/**
 * Submits requests to one service as one user. An accepted request (submit returned) is executed at least once and has
 * exactly one result.
 */
export class PortalClient implements Disposable {
  readonly #folders: UserFolders
  readonly #watch = new FolderWatch()
  readonly #jobs = new Map<string, Set<Job>>()
  readonly #disk: Disk
  #made: Promise<void> | undefined

  constructor(options: { spool: string; service: string; user: string; durability?: Durability }) {
    this.#folders = userFolders(options.spool, options.service, options.user)
    this.#disk = new Disk(options.durability ?? 'rename')
  }

  async submit(request: RequestInput, options: SubmitOptions = {}): Promise<Job> {
    const { signal } = options
    signal?.throwIfAborted()
    const id = idSchema.parse(options.id ?? newId())
    await this.#open()
    // The random part: two processes may submit one id.
    const prep = join(this.#folders.prep, options.id === undefined ? id : `${id}-${newId()}`)
    await mkdir(prep)
    let job: Job | undefined
    try {
      for (const { name, from } of options.files ?? []) {
        signal?.throwIfAborted()
        await copyFile(from, join(prep, name), constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE)
      }
      const { deadline } = options
      const body = deadline === undefined ? request : { ...request, deadline: deadline.getTime() / 1000 }
      await writeFile(join(prep, 'request.json'), JSON.stringify(body), { flag: 'wx' })
      await this.#disk.tree(prep)
      signal?.throwIfAborted()
      // Armed before the rename that submits, or a fast answer is missed.
      job = this.#follow(id)
      if (options.id !== undefined && (await job.isEnded())) return job
      // Not moved: it waits there already.
      await this.#submit(prep, id)
      await this.#disk.names(this.#folders.todo)
      return job
    } catch (error) {
      job?.[Symbol.dispose]()
      throw error
    } finally {
      await rm(prep, { recursive: true, force: true })
    }
  }

  /** A job that this or another process submitted, by its id; also after the end of that process. */
  async job(id: string): Promise<Job> {
    await this.#open()
    return this.#follow(idSchema.parse(id))
  }

  /** Ends the watch; jobs that still wait then rely on their rescan. */
  [Symbol.dispose](): void {
    this.#watch[Symbol.dispose]()
  }

  async #submit(prep: string, id: string): Promise<void> {
    const target = join(this.#folders.todo, attemptName({ id, attempt: 1 }))
    try {
      await rename(prep, target)
    } catch (error) {
      if (!hasCode(error, 'ENOTEMPTY', 'EEXIST')) throw error
    }
  }

  #open(): Promise<void> {
    this.#made ??= this.#make().catch((error: unknown) => {
      // The next submission tries again.
      this.#made = undefined
      throw error
    })
    return this.#made
  }

  async #make(): Promise<void> {
    await makeUserFolders(this.#folders)
    const user = dirname(this.#folders.todo)
    for (const folder of [user, dirname(user), dirname(dirname(user))]) await this.#disk.names(folder)
  }

  #follow(id: string): Job {
    for (const folder of [this.#folders.done, this.#folders.error, this.#folders.live]) {
      this.#watch.add(folder, name => this.#changed(name))
    }
    const same = this.#jobs.get(id) ?? new Set()
    const job = new Job(id, this.#folders, () => {
      same.delete(job)
      if (same.size === 0) this.#jobs.delete(id)
    })
    this.#jobs.set(id, same.add(job))
    return job
  }

  #changed(name: string | null): void {
    if (name !== null) for (const job of this.#jobs.get(name) ?? []) job.wake()
    else for (const same of this.#jobs.values()) for (const job of same) job.wake()
  }
}
