import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { newId, parseAttemptName } from './ids.ts'
import type { UserFolders } from './layout.ts'
import { jobErrors } from './messages.ts'
import { ifThereNow, isThere, moved, removeAside, removeIfOpen } from './moves.ts'
import { type Result, resultSchema, type Status, statusSchema } from './request.ts'
import { StreamLines } from './stream-lines.ts'
import { takeFiles } from './take-files.ts'
import type { RunningOrEnded, SubmittedJob } from './transport.ts'

/** How long a change may go unseen if the watch misses it. */
const rescanMs = 1000

/** What a job needs of its client. */
export interface JobKeeper {
  /** It waits for nothing any more. */
  ended(): void
  /** Takes a folder that was moved into `prep`, and removes it or uses it again. */
  recycle(folder: string): void
}

/** A submitted request. */
export class Job implements SubmittedJob {
  readonly id: string
  readonly #folders: UserFolders
  readonly #keeper: JobKeeper
  readonly #wakers = new Set<() => void>()
  #collecting: Promise<Result | undefined> | undefined
  #result: Result | undefined
  /** Submitted under an id of its own, and nothing has been heard of it yet: there is nothing to look for. */
  #quiet: boolean

  constructor(id: string, folders: UserFolders, keeper: JobKeeper, fresh = false) {
    this.id = id
    this.#folders = folders
    this.#keeper = keeper
    this.#quiet = fresh
  }

  /**
   * Waits for the result and collects it: the job's folder is gone afterwards, and files that the service made lie in
   * `filesTo` if that is given. To stop waiting is not to cancel.
   */
  wait(signal?: AbortSignal, options: { filesTo?: string } = {}): Promise<Result> {
    return this.#until(() => this.#collect(options.filesTo), signal)
  }

  /**
   * Waits until the job has said something of itself, or has ended. A session names its socket when it is ready, and before
   * that it may say that its model is being loaded: `isIt` tells which status is waited for.
   */
  waitForStatus(
    signal?: AbortSignal,
    isIt: (status: Status) => boolean = () => true,
  ): Promise<RunningOrEnded> {
    return this.#until(async () => {
      const result = await this.#collect()
      if (result !== undefined) return { type: 'ended', result }
      const json = readJson(join(this.#folders.live, this.id, 'status.json'))
      const status = json === undefined ? undefined : statusSchema.parse(json)
      return status === undefined || !isIt(status) ? undefined : { type: 'running', status }
    }, signal)
  }

  /**
   * What the job says while it runs, line by line, until it ends; to be read before `wait`, which collects it. A new
   * attempt says it all anew, from `onRestart` on.
   */
  async *stream(signal?: AbortSignal, onRestart?: () => void): AsyncGenerator {
    await using lines = new StreamLines(() => this.wake(), onRestart)
    for (;;) {
      const found = await this.#until(async () => {
        // Asked before the read: what was said before the end is read after it.
        const ended = this.#ended()
        const news = await lines.read(ended ?? join(this.#folders.live, this.id))
        return news.length > 0 || ended !== undefined || this.#result !== undefined
          ? { news, ended }
          : undefined
      }, signal)
      yield* found.news
      if (found.ended !== undefined || this.#result !== undefined) return
    }
  }

  /** Asks for the end. `wait` still gives the one result: `cancelled`, or the work's own if that was faster. */
  async cancel(): Promise<void> {
    const { todo, error, prep, cancel } = this.#folders
    const result = `${JSON.stringify({ ok: false, id: this.id, error: jobErrors.cancelled() })}\n`
    for (const name of readdirSync(todo)) {
      if (parseAttemptName(name)?.id !== this.id) continue
      const waiting = join(todo, name)
      // An answer like any other, in one rename: another process may wait for it. A claimer clears it away if that is faster.
      ifThereNow(() => writeFileSync(join(waiting, 'result.json'), result))
      if (moved(waiting, join(error, this.id))) return this.wake()
      // Of a job that is answered already; or it was claimed just now.
      removeAside(waiting, prep)
    }
    writeFileSync(join(cancel, this.id), '')
    await Promise.resolve()
  }

  /** Whether there is a result to collect. */
  isEnded(): boolean {
    return this.#ended() !== undefined
  }

  wake(): void {
    this.#quiet = false
    for (const waker of this.#wakers) waker()
  }

  [Symbol.dispose](): void {
    this.#keeper.ended()
  }

  #ended(): string | undefined {
    for (const parent of [this.#folders.done, this.#folders.error]) {
      const folder = join(parent, this.id)
      if (isThere(join(folder, 'result.json'))) return folder
    }
    return undefined
  }

  /** Once at a time, so that two who wait get the same. */
  async #collect(filesTo?: string): Promise<Result | undefined> {
    if (this.#result !== undefined) return this.#result
    if (this.#quiet) return undefined
    this.#collecting ??= this.#take(filesTo).finally(() => {
      this.#collecting = undefined
    })
    return await this.#collecting
  }

  async #take(filesTo: string | undefined): Promise<Result | undefined> {
    for (const parent of [this.#folders.done, this.#folders.error]) {
      const folder = `${parent}/${this.id}`
      const json = readJson(`${folder}/result.json`)
      if (json === undefined) continue
      const result = resultSchema.parse(json)
      if (filesTo !== undefined) await takeFiles(folder, filesTo)
      this.#result = result
      this.#keeper.ended()
      const taken = `${this.#folders.prep}/${newId()}`
      try {
        if (moved(folder, taken)) this.#keeper.recycle(taken)
      } catch {
        // A full disk may have no room for another name, and nobody may get the answer twice.
        removeIfOpen(folder)
      }
      return result
    }
    return undefined
  }

  async #until<T>(look: () => Promise<T | undefined>, signal: AbortSignal | undefined): Promise<T> {
    for (;;) {
      signal?.throwIfAborted()
      // Listening starts before the look, so that nothing falls between the two.
      const next = Promise.withResolvers<void>()
      const timer = setTimeout(() => this.wake(), rescanMs)
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

function readJson(path: string): unknown {
  const text = ifThereNow(() => readFileSync(path, 'utf8'))
  return text === undefined ? undefined : (JSON.parse(text) as unknown)
}
