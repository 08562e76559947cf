import { setImmediate, setTimeout as delay } from 'node:timers/promises'
import type { FairQueue, Waiting } from './fair-queue.ts'
import type { Look } from './transport.ts'

/** Most jobs are at work before this has passed, and nobody has to look at those. */
const settleMs = 100
/** For how long it may keep its process from other work. */
const sliceMs = 2
/** The longest that a timer can take. */
const maxTimerMs = 2 ** 31 - 1

interface Fact {
  readonly bytes: number
  readonly timer: NodeJS.Timeout | undefined
}

export interface BacklogOptions<R> {
  readonly queue: FairQueue
  readonly look: (job: Waiting) => Promise<Look<R> | undefined>
  readonly modelOf: (request: R) => string
  /** Its deadline has passed. */
  readonly onLate: (job: Waiting) => void
  /** With this one the user's waiting jobs are too many bytes. */
  readonly onHeavy: (job: Waiting) => void
  readonly maxBytes: number
  readonly onFault: (error: unknown) => void
}

/** Knows of the jobs that have to wait what is in them: their size, their deadline, their model. It looks in the background. */
export class Backlog<R> implements Disposable {
  readonly #options: BacklogOptions<R>
  readonly #facts = new Map<string, Fact>()
  readonly #bytes = new Map<string, number>()
  #looking = false
  #over = false

  constructor(options: BacklogOptions<R>) {
    this.#options = options
  }

  /** Begins to look at what nobody has looked at. */
  begin(): void {
    const { onFault } = this.#options
    if (this.#looking || this.#over || this.#options.queue.size === 0) return
    this.#looking = true
    void this.#lookAround()
      .catch(onFault)
      .finally(() => {
        this.#looking = false
      })
  }

  /** It waits no longer. */
  forget(job: Waiting): void {
    const key = `${job.user}/${job.name}`
    const fact = this.#facts.get(key)
    if (fact === undefined) return
    clearTimeout(fact.timer)
    this.#facts.delete(key)
    const left = (this.#bytes.get(job.user) ?? 0) - fact.bytes
    if (left > 0) this.#bytes.set(job.user, left)
    else this.#bytes.delete(job.user)
  }

  [Symbol.dispose](): void {
    this.#over = true
    for (const { timer } of this.#facts.values()) clearTimeout(timer)
  }

  async #lookAround(): Promise<void> {
    const { queue } = this.#options
    await delay(settleMs, undefined, { ref: false })
    let began = performance.now()
    for (let job = queue.nextUnknown(); job !== undefined && !this.#over; job = queue.nextUnknown()) {
      await this.#lookAt(job)
      if (performance.now() - began < sliceMs) continue
      await setImmediate()
      began = performance.now()
    }
  }

  async #lookAt(job: Waiting): Promise<void> {
    const { queue, look, modelOf, onLate, onHeavy, maxBytes } = this.#options
    const seen = await look(job)
    if (!queue.has(job.user, job.name)) return
    queue.learn(job, seen?.read.ok === true ? modelOf(seen.read.request) : '')
    if (seen === undefined) return
    const bytes = (this.#bytes.get(job.user) ?? 0) + seen.bytes
    this.#bytes.set(job.user, bytes)
    const deadline = seen.read.ok ? seen.read.deadline : undefined
    const late = () => {
      onLate(job)
    }
    const leftMs = deadline === undefined ? Infinity : Math.max(0, deadline * 1000 - Date.now())
    const timer = leftMs < maxTimerMs ? setTimeout(late, leftMs).unref() : undefined
    this.#facts.set(`${job.user}/${job.name}`, { bytes: seen.bytes, timer })
    if (bytes > maxBytes) onHeavy(job)
  }
}
