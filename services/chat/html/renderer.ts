import { hash } from 'node:crypto'
import { Worker } from 'node:worker_threads'
import { type Said, plainMessageHtml } from './plain.ts'
import { limits } from './limits.ts'
import type { FromWorker, ToWorker } from './render-worker.ts'

interface Job {
  readonly said: Said
  readonly done: (html: string) => void
  readonly fail: (error: unknown) => void
}

/** Of HTML that is kept, in UTF-16 units: some 10,000 messages. */
const mostKept = 16_000_000

/**
 * Messages as HTML (html.ts), each rendered once: appending to a long room costs the new message. It happens in a thread of
 * its own, so that no text can stop the event loop: one that takes longer than `limits.milliseconds`, or all the thread's
 * memory, is shown as it is. The thread starts with the first message and keeps no process alive.
 */
export class Renderer {
  readonly #kept = new Map<string, Promise<string>>()
  /** Which of the kept ones are done, and their lengths. */
  readonly #sizes = new Map<string, number>()
  #size = 0
  /** The first is being rendered. */
  #jobs: Job[] = []
  #worker: Worker | undefined
  #timer: NodeJS.Timeout | undefined
  /** What it needs is loaded, which may take longer than any message. */
  #ready = false

  html(said: Said): Promise<string> {
    // All of the hash: a message's own 32 bits could be met by another text on purpose.
    const key = hash('sha256', JSON.stringify([said.author, said.text]), 'base64')
    const kept = this.#kept.get(key)
    if (kept !== undefined) {
      // The last used is the last one.
      this.#kept.delete(key)
      this.#kept.set(key, kept)
      return kept
    }
    const { promise, resolve, reject } = Promise.withResolvers<string>()
    this.#kept.set(key, promise)
    const done = (html: string): void => {
      resolve(html)
      if (this.#kept.get(key) === promise) this.#keep(key, html.length)
    }
    const fail = (error: unknown): void => {
      this.#kept.delete(key)
      reject(error)
    }
    this.#jobs.push({ said, done, fail })
    const worker = this.#worker ?? this.#start()
    worker.ref()
    worker.postMessage(said satisfies ToWorker, [])
    if (this.#ready && this.#timer === undefined) this.#time()
    return promise
  }

  /** What is under way is shown as it is. */
  async close(): Promise<void> {
    const worker = this.#worker
    this.#forget()
    for (const { said, done } of this.#jobs.splice(0)) done(plainMessageHtml(said))
    await worker?.terminate()
  }

  #start(): Worker {
    const worker = new Worker(new URL('./render-worker.ts', import.meta.url), {
      resourceLimits: { maxOldGenerationSizeMb: limits.megabytes },
    })
    this.#worker = worker
    worker.on('message', (message: FromWorker) => {
      if (worker !== this.#worker) return
      clearTimeout(this.#timer)
      this.#timer = undefined
      if (message === 'ready') this.#ready = true
      else this.#jobs.shift()?.done(message.html)
      if (this.#jobs.length > 0) this.#time()
      else worker.unref()
    })
    worker.on('error', error => {
      if (worker !== this.#worker) return
      // Out of memory, or a bug: one message must not take the others with it.
      if (this.#ready) return this.#giveUp()
      // It can't even start.
      this.#forget()
      for (const { fail } of this.#jobs.splice(0)) fail(error)
    })
    return worker
  }

  #time(): void {
    const [job] = this.#jobs
    const late = (): void => {
      if (job === this.#jobs[0]) this.#giveUp()
    }
    // If it was us who had no time, the answer is here and comes before the immediate.
    this.#timer = setTimeout(() => setImmediate(late), limits.milliseconds)
  }

  /** The first job is shown as it is; a new thread does the others. */
  #giveUp(): void {
    const worker = this.#worker
    this.#forget()
    void worker?.terminate()
    const job = this.#jobs.shift()
    job?.done(plainMessageHtml(job.said))
    if (this.#jobs.length === 0) return
    const next = this.#start()
    for (const { said } of this.#jobs) next.postMessage(said satisfies ToWorker, [])
  }

  #forget(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#worker = undefined
    this.#ready = false
  }

  #keep(key: string, size: number): void {
    this.#sizes.set(key, size)
    this.#size += size
    for (const old of this.#kept.keys()) {
      if (this.#size <= mostKept) return
      const oldSize = this.#sizes.get(old)
      // Those under way count when they are done.
      if (oldSize === undefined || old === key) continue
      this.#size -= oldSize
      this.#sizes.delete(old)
      this.#kept.delete(old)
    }
  }
}
