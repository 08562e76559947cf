import type { ApiProblem } from '../../../../services/chat/protocol.ts'
import { ApiError } from '../api.ts'

export interface OutboxOptions {
  /** Rejects with an ApiError for a refusal. */
  readonly send: (post: Post, signal: AbortSignal) => Promise<{ id: number }>
  readonly onSent: (post: Post, id: number) => void
  readonly onRefused: (post: Post, problem: ApiProblem) => void
}

export interface Post {
  readonly key: string
  readonly text: string
}

/** One attempt; the next one with the same key does no harm. */
const attemptMs = 20_000
const pauseMs = 2000

/**
 * What was written and is not in the room yet, one after the other. Who gets no answer tries again with the same key, which the
 * server says once: at once when the connection is back (`retry`), else after a pause.
 */
export class Outbox {
  readonly #options: OutboxOptions
  readonly #signal: AbortSignal
  readonly #posts: Post[] = []
  #attempt: AbortController | undefined
  #wake: () => void = () => undefined
  #isSending = false

  constructor(options: OutboxOptions, signal: AbortSignal) {
    this.#options = options
    this.#signal = signal
    signal.addEventListener('abort', () => this.retry())
  }

  add(post: Post): void {
    this.#posts.push(post)
    if (!this.#isSending) void this.#send()
  }

  /** Nobody wants it said any more. One that is under way may be said all the same. */
  drop(key: string): void {
    const at = this.#posts.findIndex(post => post.key === key)
    if (at !== -1) this.#posts.splice(at, 1)
    if (at === 0) this.retry()
  }

  /** The connection is another one: an answer that is still awaited won't come. */
  retry(): void {
    this.#attempt?.abort()
    this.#wake()
  }

  async #send(): Promise<void> {
    this.#isSending = true
    for (;;) {
      const post = this.#posts[0]
      if (post === undefined || this.#signal.aborted) break
      const done = await this.#try(post)
      if (this.#posts[0] !== post) continue
      if (done) this.#posts.shift()
      else await this.#pause()
    }
    this.#isSending = false
  }

  /** False: no answer. */
  async #try(post: Post): Promise<boolean> {
    const attempt = new AbortController()
    this.#attempt = attempt
    const timer = setTimeout(() => attempt.abort(), attemptMs)
    try {
      const { id } = await this.#options.send(post, attempt.signal)
      this.#options.onSent(post, id)
      return true
    } catch (error) {
      if (attempt.signal.aborted) return false
      if (!(error instanceof ApiError)) throw error
      if (comesBack.has(error.problem.code)) return false
      this.#options.onRefused(post, error.problem)
      return true
    } finally {
      clearTimeout(timer)
      this.#attempt = undefined
    }
  }

  async #pause(): Promise<void> {
    if (this.#signal.aborted) return
    await new Promise<void>(resolve => {
      this.#wake = resolve
      setTimeout(resolve, pauseMs)
    })
  }
}

/** Refusals that end by themselves. */
const comesBack = new Set(['no_answer', 'stopping', 'busy'])

/** A key for a post. Not randomUUID, which is missing on plain http. */
export function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), byte =>
    byte.toString(16).padStart(2, '0'),
  ).join('')
}
