import { constants, renameSync, rmSync } from 'node:fs'
import { copyFile, open } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Disk, type Durability } from './disk.ts'
import { FolderWatch } from './folder-watch.ts'
import { attemptName, idSchema, newId } from './ids.ts'
import { Job } from './job.ts'
import { makeUserFolders, type UserFolders, userFolders } from './layout.ts'
import { hasCode } from './moves.ts'
import { writeNew, writeOver } from './plain-files.ts'
import { SpareFolders } from './spare-folders.ts'
import type { ClientTransport, RequestInput, SubmitOptions } from './transport.ts'

export { Job } from './job.ts'
export type { Attachment, RequestInput, SubmitOptions } from './transport.ts'

/**
 * Submits requests to one service as one user. An accepted request (submit returned) is executed at least once and has
 * exactly one result.
 */
export class PortalClient implements ClientTransport {
  readonly #folders: UserFolders
  readonly #watch = new FolderWatch()
  readonly #jobs = new Map<string, Job>()
  readonly #disk: Disk
  readonly #spares: SpareFolders
  readonly #watched: readonly string[]
  #made: Promise<void> | undefined

  constructor(options: { spool: string; service: string; user: string; durability?: Durability }) {
    this.#folders = userFolders(options.spool, options.service, options.user)
    this.#disk = new Disk(options.durability ?? 'rename')
    this.#spares = new SpareFolders(this.#folders.prep)
    this.#watched = [this.#folders.done, this.#folders.error, this.#folders.live]
  }

  async submit(request: RequestInput, options: SubmitOptions = {}): Promise<Job> {
    const { signal } = options
    signal?.throwIfAborted()
    const id = options.id === undefined ? newId() : idSchema.parse(options.id)
    await this.#open()
    const prep = this.#spares.take()
    let job: Job | undefined
    try {
      for (const { name, from } of options.files ?? []) {
        signal?.throwIfAborted()
        await attach(from, join(prep, name))
      }
      const { deadline } = options
      const body = deadline === undefined ? request : { ...request, deadline: deadline.getTime() / 1000 }
      const path = `${prep}/request.json`
      const over = writeOver(path, JSON.stringify(body))
      if (!over) writeNew(path, `${JSON.stringify(body)}\n`)
      // The names in a folder that is used again are on the disk since its first time.
      if (over && options.files === undefined) await this.#disk.file(path)
      else await this.#disk.tree(prep)
      signal?.throwIfAborted()
      // Armed before the rename that submits, or a fast answer is missed.
      job = this.#follow(id, options.id === undefined)
      const known = options.id !== undefined && job.isEnded()
      if (known || !this.#submit(prep, id)) rmSync(prep, { recursive: true, force: true })
      else await this.#disk.names(this.#folders.todo)
      return job
    } catch (error) {
      job?.[Symbol.dispose]()
      rmSync(prep, { recursive: true, force: true })
      throw error
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
    this.#spares[Symbol.dispose]()
  }

  /** False: it waits there already. */
  #submit(prep: string, id: string): boolean {
    try {
      renameSync(prep, join(this.#folders.todo, attemptName({ id, attempt: 1 })))
      return true
    } catch (error) {
      if (!hasCode(error, 'ENOTEMPTY', 'EEXIST')) throw error
      return false
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
    makeUserFolders(this.#folders)
    const user = dirname(this.#folders.todo)
    for (const folder of [user, dirname(user), dirname(dirname(user))]) await this.#disk.names(folder)
  }

  #follow(id: string, fresh = false): Job {
    for (const folder of this.#watched) this.#watch.add(folder, this.#changed)
    // Whoever asks for the same job hears the same answer, which is there only once.
    const known = this.#jobs.get(id)
    if (known !== undefined) return known
    const ended = () => {
      if (this.#jobs.get(id) === job) this.#jobs.delete(id)
    }
    const job = new Job(id, this.#folders, { ended, recycle: folder => this.#spares.put(folder) }, fresh)
    this.#jobs.set(id, job)
    return job
  }

  readonly #changed = (name: string | null): void => {
    if (name !== null) this.#jobs.get(name)?.wake()
    else for (const job of this.#jobs.values()) job.wake()
  }
}

/** With the rights that a new file gets here, and not those of its source: that may be closed to the service. */
async function attach(from: string, to: string): Promise<void> {
  await using target = await open(to, 'wx')
  const { mode } = await target.stat()
  await copyFile(from, to, constants.COPYFILE_FICLONE)
  await target.chmod(mode & 0o7777)
}
