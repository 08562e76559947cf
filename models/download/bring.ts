import { setTimeout as delay } from 'node:timers/promises'
import type { Dispatcher } from 'undici'
import type { Access } from '../access.ts'
import { downloadNotices } from '../messages.ts'
import { collectAfter } from './collect.ts'
import { FailureError, type Failure } from './failure.ts'
import { Answer, StartOver } from './answer.ts'
import { follow, type Place } from './follow.ts'
import type { Head, Receive } from './get.ts'
import { type Hasher, openHasher } from './hasher.ts'
import { mostConnections, type Partial } from './partial.ts'
import type { Range } from './pieces.ts'
import { ProblemError } from '../../lib/problem.ts'
import { decide } from './retry.ts'
import { Sink, sinkBuffers } from './sink.ts'
import { wordsFor } from './words.ts'

export interface Job {
  /** What is downloaded, and where from, as a person calls them. */
  readonly name: string
  readonly what: string
  readonly bytes: number
  readonly algorithm: string
  readonly access: Access
  readonly env: Readonly<Record<string, string | undefined>>
  readonly agent: Dispatcher
  readonly signal: AbortSignal
  readonly pauseMs: number
  readonly onProgress: (bytes: number) => void
  readonly onNotice: (sentence: string) => void
  /** What the server says of the file where it was first asked. */
  readonly onFirstHead: (head: Head) => void
}

/** A further connection is worth its while for so much. */
const connectionBytes = 16 * 2 ** 20
/** How much one request asks for: about two seconds' worth, so that its way there and back hardly counts, within these. */
const leastRequest = 4 * 2 ** 20
const mostRequest = 32 * 2 ** 20
const startsOverAtMost = 5

/** Brings all pieces of a file that are missing, over one connection or several, and hashes it on the way. */
export class Bringing implements AsyncDisposable {
  readonly #partial: Partial
  readonly #job: Job
  #hasher: Hasher
  /** Where the last redirect led to: signed for a while, so that one failure is enough to ask anew. */
  #place: Place | undefined
  #single = false
  #active = 0
  #shown = 0
  #grow: (() => void) | undefined

  constructor(partial: Partial, job: Job) {
    this.#partial = partial
    this.#job = job
    this.#hasher = this.#openHasher()
  }

  /** The hash of the whole file. */
  async run(): Promise<Buffer> {
    for (let starts = 0; ; starts++) {
      try {
        await this.#all()
        await this.#partial.sync()
        return await this.#hasher.digest()
      } catch (error) {
        if (!(error instanceof StartOver) || starts === startsOverAtMost) throw error
        await this.#startOver()
        this.#single = true
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#hasher[Symbol.asyncDispose]()
  }

  async #all(): Promise<void> {
    const stop = new AbortController()
    const signal = AbortSignal.any([this.#job.signal, stop.signal])
    const lanes: Promise<void>[] = []
    let fault: { readonly error: unknown } | undefined
    const add = (): void => {
      const lane = this.#lane(signal).catch(error => {
        fault ??= { error }
        stop.abort(error)
      })
      lanes.push(lane)
    }
    const { bytes, written } = { bytes: this.#job.bytes, written: this.#partial.pieces.written }
    const most = Math.min(mostConnections, Math.ceil((bytes - written) / connectionBytes))
    // Only when the server has shown that it gives parts.
    this.#grow = () => {
      this.#grow = undefined
      if (!this.#single) while (lanes.length < most) add()
    }
    add()
    // The list may grow meanwhile.
    for (let i = 0; i < lanes.length; i++) await lanes[i]
    if (fault !== undefined) throw fault.error
  }

  /** One connection, from request to request until nothing is left to ask for. */
  async #lane(signal: AbortSignal): Promise<void> {
    const { pieces } = this.#partial
    let attempts = 0
    let most = this.#partial.most
    let limit = leastRequest
    const buffers = sinkBuffers()
    this.#active++
    try {
      for (;;) {
        const range = this.#partial.pieces.take(this.#single ? Infinity : limit)
        if (range === undefined) return
        const began = performance.now()
        const failure = await this.#request(range, buffers, signal)
        if (failure === undefined) {
          const rate = (range.end - range.start) / (performance.now() - began)
          const share = (pieces.bytes - pieces.written) / (2 * this.#active)
          limit = Math.max(leastRequest, Math.min(mostRequest, rate * 2000, share))
          continue
        }
        // Some servers give so many connections and no more: then the others do it.
        if (failure.type === 'status' && [429, 503].includes(failure.status) && this.#active > 1) return
        if (this.#partial.most > most) attempts = 0
        most = this.#partial.most
        await this.#pause(failure, ++attempts, signal)
      }
    } finally {
      this.#active--
    }
  }

  /** Undefined: all of the range has come. Throws what ends the whole download. */
  async #request(range: Range, buffers: Buffer[], signal: AbortSignal): Promise<Failure | undefined> {
    const { job, partial } = { job: this.#job, partial: this.#partial }
    const place = this.#place
    let part = { range, sink: new Sink(partial, range, buffers) }
    const isWhole = range.start === 0 && range.end === job.bytes
    const headers: Record<string, string> = {}
    if (!isWhole || !this.#single) headers['range'] = `bytes=${range.start}-${range.end - 1}`
    if (headers['range'] !== undefined && partial.validator !== undefined)
      headers['if-range'] = partial.validator
    let failure: Error | undefined
    try {
      await follow(job, place, headers, signal, async (head, at): Promise<Receive> => {
        const answer = new Answer(head, job)
        if (answer.isWhole) {
          if (this.#active > 1) throw new StartOver()
          if (partial.pieces.written > 0 || part.range.end - part.range.start < job.bytes) {
            await this.#takeWhole()
            const all = partial.pieces.take(Infinity) ?? range
            part = { range: all, sink: new Sink(partial, all, buffers) }
          }
        } else {
          answer.checkPart(range, partial.validator)
        }
        partial.begin(answer.validator)
        this.#place = at
        if (!answer.isWhole) this.#grow?.()
        return chunk => {
          answer.checkLength(chunk.length, part.sink.missing)
          const until = part.sink.push(chunk)
          this.#tell()
          collectAfter(chunk.length)
          return until
        }
      })
    } catch (error) {
      failure = error as Error
    }
    // First what is on its way to the disk: it counts, and if the disk is full that is what has to be said.
    await part.sink.end()
    if (failure === undefined && part.sink.missing === 0) return undefined
    partial.pieces.giveBack(part.range)
    this.#place = undefined
    if (failure === undefined) return { type: 'cut_short' }
    if (!(failure instanceof FailureError)) throw failure
    // Refused where a redirect had led to earlier: it may only be out of date.
    const isOld = place !== undefined && failure.failure.type === 'status' && failure.failure.status < 429
    return isOld ? { type: 'cut_short' } : failure.failure
  }

  async #pause(failure: Failure, attempts: number, signal: AbortSignal): Promise<void> {
    const job = this.#job
    const decision = decide(failure, attempts, {
      now: Date.now(),
      random: Math.random(),
      pauseMs: job.pauseMs,
      begun: this.#partial.most > 0,
    })
    if (decision.type === 'stop') throw new ProblemError(wordsFor(failure, job, this.#partial.pieces.written))
    if (decision.afterMs >= 5000 && failure.type === 'status')
      job.onNotice(downloadNotices.pause(job.what, Math.round(decision.afterMs / 1000)))
    await delay(decision.afterMs, undefined, { signal }).catch(() => signal.throwIfAborted())
  }

  /** The server sends all of it, from the start. */
  async #takeWhole(): Promise<void> {
    if (this.#partial.pieces.written > 0) this.#job.onNotice(downloadNotices.startsOver(this.#job.name))
    await this.#reset()
  }

  async #startOver(): Promise<void> {
    this.#job.onNotice(downloadNotices.startsOver(this.#job.name))
    await this.#reset()
  }

  async #reset(): Promise<void> {
    await this.#hasher[Symbol.asyncDispose]()
    await this.#partial.reset()
    this.#hasher = this.#openHasher()
  }

  #openHasher(): Hasher {
    const { algorithm, bytes, signal } = this.#job
    const hasher = openHasher(this.#partial.path, algorithm, bytes, signal)
    hasher.advance(this.#partial.pieces.front)
    this.#partial.onPiece = front => hasher.advance(front)
    return hasher
  }

  /** In steps of a tenth of a percent, and only forwards. */
  #tell(): void {
    const { arrived } = this.#partial
    if (arrived < this.#shown + this.#job.bytes / 1000 && arrived < this.#job.bytes) return
    if (arrived <= this.#shown) return
    this.#shown = arrived
    this.#job.onProgress(arrived)
  }
}
