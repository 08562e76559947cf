import { type FSWatcher, watch } from 'node:fs'
import {
  type FileHandle,
  open,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises'
import { join } from 'node:path'
import { newId, parseAttemptName } from './ids.ts'
import type { UserFolders } from './layout.ts'
import { jobErrors } from './messages.ts'
import { ifThere, moved, removeAside } from './moves.ts'
import { type Result, resultSchema, type Status, statusSchema } from './request.ts'

/** How long a change may go unseen if the watch misses it. */
const rescanMs = 1000

/** A submitted request. */
export class Job implements Disposable {
  readonly id: string
  readonly #folders: UserFolders
  readonly #onEnd: () => void
  readonly #wakers = new Set<() => void>()
  #collecting: Promise<Result | undefined> | undefined
  #result: Result | undefined

  constructor(id: string, folders: UserFolders, onEnd: () => void) {
    this.id = id
    this.#folders = folders
    this.#onEnd = onEnd
  }

  /**
   * Waits for the result and collects it: the job's folder is gone afterwards, and files that the service made lie in
   * `filesTo` if that is given (on the spool's file system). To stop waiting is not to cancel.
   */
  wait(signal?: AbortSignal, options: { filesTo?: string } = {}): Promise<Result> {
    return this.#until(() => this.#collect(options.filesTo), signal)
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

  /**
   * What the job says while it runs, line by line, until it ends; to be read before `wait`, which collects it. A new
   * attempt says it all anew.
   */
  async *stream(signal?: AbortSignal): AsyncGenerator {
    await using lines = new StreamLines(() => this.wake())
    for (;;) {
      const found = await this.#until(async () => {
        // Asked before the read: what was said before the end is read after it.
        const ended = await this.#ended()
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
    for (const name of await readdir(this.#folders.todo)) {
      if (parseAttemptName(name)?.id !== this.id) continue
      const withdrawn = join(this.#folders.prep, `${this.id}-withdrawn-${newId()}`)
      // Against the claim's rename one side wins.
      if (!(await moved(join(this.#folders.todo, name), withdrawn))) continue
      // An answer like any other: another process may wait for it.
      const result = { ok: false, id: this.id, error: jobErrors.cancelled() }
      await writeFile(join(withdrawn, 'result.json'), `${JSON.stringify(result)}\n`)
      await moved(withdrawn, join(this.#folders.error, this.id))
      await rm(withdrawn, { recursive: true, force: true })
      this.wake()
      return
    }
    await writeFile(join(this.#folders.cancel, this.id), '')
  }

  /** Whether there is a result to collect. */
  async isEnded(): Promise<boolean> {
    return (await this.#ended()) !== undefined
  }

  wake(): void {
    for (const waker of this.#wakers) waker()
  }

  [Symbol.dispose](): void {
    this.#onEnd()
  }

  async #ended(): Promise<string | undefined> {
    for (const parent of [this.#folders.done, this.#folders.error]) {
      const folder = join(parent, this.id)
      if ((await ifThere(stat(join(folder, 'result.json')))) !== undefined) return folder
    }
    return undefined
  }

  /** Once at a time, so that two who wait get the same. */
  #collect(filesTo?: string): Promise<Result | undefined> {
    this.#collecting ??= this.#take(filesTo).finally(() => {
      this.#collecting = undefined
    })
    return this.#collecting
  }

  async #take(filesTo: string | undefined): Promise<Result | undefined> {
    if (this.#result !== undefined) return this.#result
    for (const parent of [this.#folders.done, this.#folders.error]) {
      const folder = join(parent, this.id)
      const json = await readJson(join(folder, 'result.json'))
      if (json === undefined) continue
      const result = resultSchema.parse(json)
      if (filesTo !== undefined) await takeFiles(folder, filesTo)
      this.#result = result
      this.#onEnd()
      await removeAside(folder, this.#folders.prep)
      break
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

/** Reads a stream file as it grows, through the change of its folder at the job's end and of its file at a new attempt. */
class StreamLines implements AsyncDisposable {
  readonly #wake: () => void
  #file: FileHandle | undefined
  #inode = 0
  #rest = Buffer.alloc(0)
  #watcher: FSWatcher | undefined
  #watched = ''

  constructor(wake: () => void) {
    this.#wake = wake
  }

  async read(folder: string): Promise<unknown[]> {
    const path = join(folder, 'stream.ndjson')
    const found = await ifThere(stat(path))
    if (found !== undefined && found.ino !== this.#inode) {
      await this.#file?.close()
      this.#file = await ifThere(open(path))
      this.#inode = found.ino
      this.#rest = Buffer.alloc(0)
      this.#follow(path)
    }
    const news: unknown[] = []
    for (;;) {
      const { bytesRead, buffer } = (await this.#file?.read(Buffer.alloc(65536))) ?? {
        bytesRead: 0,
        buffer: null,
      }
      if (bytesRead === 0 || buffer === null) return news
      this.#rest = Buffer.concat([this.#rest, buffer.subarray(0, bytesRead)])
      for (let end = this.#rest.indexOf(10); end >= 0; end = this.#rest.indexOf(10)) {
        news.push(JSON.parse(this.#rest.toString('utf8', 0, end)))
        this.#rest = this.#rest.subarray(end + 1)
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#watcher?.close()
    await this.#file?.close()
  }

  /** For speed; the job's rescan is there when it can't be had. */
  #follow(path: string): void {
    if (this.#watched === path) return
    this.#watcher?.close()
    this.#watched = path
    try {
      this.#watcher = watch(path, { persistent: false }, this.#wake)
      this.#watcher.on('error', this.#wake)
    } catch {
      // It ended between the look and the watch, or no handles are left.
      this.#watched = ''
    }
  }
}

/** The files of the attempt that was answered: that with the highest number. */
async function takeFiles(folder: string, to: string): Promise<void> {
  const outs = (await readdir(folder)).filter(name => /^out-\d+$/.test(name))
  outs.sort((a, b) => Number(b.slice(4)) - Number(a.slice(4)))
  await mkdir(to, { recursive: true })
  if (outs[0] === undefined) return
  for (const name of await readdir(join(folder, outs[0])))
    await rename(join(folder, outs[0], name), join(to, name))
}

async function readJson(path: string): Promise<unknown> {
  const text = await ifThere(readFile(path, 'utf8'))
  return text === undefined ? undefined : (JSON.parse(text) as unknown)
}
