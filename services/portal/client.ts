import { copyFile, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { constants } from 'node:fs'
import { join } from 'node:path'
import { FolderWatch } from './folder-watch.ts'
import { attemptName, newId, parseAttemptName } from './ids.ts'
import { makeUserFolders, type UserFolders, userFolders } from './layout.ts'
import { jobErrors } from './messages.ts'
import { type Result, resultSchema, type Status, statusSchema, type SttRequestInput } from './request.ts'

/** How long a change may go unseen if the watch misses it. */
const rescanMs = 1000

/** A file that travels with a request: a copy of `from` under `name`. */
export interface Attachment {
  readonly name: string
  readonly from: string
}

/**
 * Submits requests to one service as one user. An accepted request (submit returned) is executed at least once and has
 * exactly one result. Not for waiting on jobs of other processes.
 */
export class PortalClient implements Disposable {
  readonly #folders: UserFolders
  readonly #watch = new FolderWatch()
  readonly #jobs = new Map<string, Job>()

  constructor(options: { spool: string; service: string; user: string }) {
    this.#folders = userFolders(options.spool, options.service, options.user)
  }

  async submit(
    request: SttRequestInput,
    options: { files?: readonly Attachment[]; signal?: AbortSignal } = {},
  ): Promise<Job> {
    const folders = this.#folders
    await makeUserFolders(folders)
    const id = newId()
    const prep = join(folders.prep, id)
    await mkdir(prep)
    try {
      for (const { name, from } of options.files ?? []) {
        options.signal?.throwIfAborted()
        await copyFile(from, join(prep, name), constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE)
      }
      await writeFile(join(prep, 'request.json'), JSON.stringify(request), { flag: 'wx' })
      options.signal?.throwIfAborted()
      // Armed before the rename that submits, or a fast answer is missed.
      for (const folder of [folders.done, folders.error, folders.live]) {
        this.#watch.add(folder, name => this.#changed(name))
      }
      const job = new Job(id, folders, () => this.#jobs.delete(id))
      this.#jobs.set(id, job)
      await rename(prep, join(folders.todo, attemptName({ id, attempt: 1 })))
      return job
    } catch (error) {
      this.#jobs.delete(id)
      await rm(prep, { recursive: true, force: true })
      throw error
    }
  }

  /** Ends the watch; jobs that still wait then rely on their rescan. */
  [Symbol.dispose](): void {
    this.#watch[Symbol.dispose]()
  }

  #changed(name: string | null): void {
    if (name === null) for (const job of this.#jobs.values()) job.wake()
    else this.#jobs.get(name)?.wake()
  }
}

/** A submitted request. */
export class Job {
  readonly id: string
  readonly #folders: UserFolders
  readonly #onEnd: () => void
  readonly #wakers = new Set<() => void>()
  #result: Result | undefined

  constructor(id: string, folders: UserFolders, onEnd: () => void) {
    this.id = id
    this.#folders = folders
    this.#onEnd = onEnd
  }

  /** Waits for the result and collects it: the job's folder is gone afterwards. To stop waiting is not to cancel. */
  wait(signal?: AbortSignal): Promise<Result> {
    return this.#until(() => this.#collect(), signal)
  }

  /** Waits until the job is at work and has said so, which a session does with its socket; or until it has ended. */
  waitForStatus(
    signal?: AbortSignal,
  ): Promise<{ type: 'running'; status: Status } | { type: 'ended'; result: Result }> {
    return this.#until(async () => {
      const result = await this.#collect()
      if (result !== undefined) return { type: 'ended', result }
      const status = await readJson(join(this.#folders.live, this.id, 'status.json'))
      return status === undefined ? undefined : { type: 'running', status: statusSchema.parse(status) }
    }, signal)
  }

  /** Asks for the end. `wait` still gives the one result: `cancelled`, or the work's own if that was faster. */
  async cancel(): Promise<void> {
    for (const name of await readdir(this.#folders.todo)) {
      if (parseAttemptName(name)?.id !== this.id) continue
      const withdrawn = join(this.#folders.prep, `${this.id}-withdrawn`)
      try {
        // Against the claim's rename one side wins.
        await rename(join(this.#folders.todo, name), withdrawn)
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
        continue
      }
      this.#end({ ok: false, id: this.id, error: jobErrors.cancelled() })
      this.wake()
      await rm(withdrawn, { recursive: true, force: true })
      return
    }
    await writeFile(join(this.#folders.cancel, this.id), '')
  }

  wake(): void {
    for (const waker of this.#wakers) waker()
  }

  #end(result: Result): void {
    this.#result ??= result
    this.#onEnd()
  }

  async #collect(): Promise<Result | undefined> {
    for (const parent of [this.#folders.done, this.#folders.error]) {
      if (this.#result !== undefined) break
      const folder = join(parent, this.id)
      const json = await readJson(join(folder, 'result.json'))
      if (json === undefined) continue
      this.#end(resultSchema.parse(json))
      await rm(folder, { recursive: true, force: true })
    }
    return this.#result
  }

  async #until<T>(look: () => Promise<T | undefined>, signal: AbortSignal | undefined): Promise<T> {
    for (;;) {
      signal?.throwIfAborted()
      // Listening starts before the look, so that nothing falls between the two.
      const next = Promise.withResolvers<void>()
      const timer = setTimeout(next.resolve, rescanMs)
      this.#wakers.add(next.resolve)
      const stop = () => next.resolve()
      signal?.addEventListener('abort', stop)
      try {
        const found = await look()
        if (found !== undefined) return found
        await next.promise
      } finally {
        clearTimeout(timer)
        this.#wakers.delete(next.resolve)
        signal?.removeEventListener('abort', stop)
      }
    }
  }
}

async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as unknown
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
