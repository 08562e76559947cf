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
 * server says once: at once when the connection is back (`retry`), else after a pause. Who is not logged in holds on until
 * they are (`resume`).
 */
export class Outbox {
  readonly #options: OutboxOptions
  readonly #posts: Post[] = []
  #attempt: AbortController | undefined
  #wake: () => void = () => undefined
  #isSending = false
  #isHeld = false
  /** Asked for while an attempt ended: its pause is left out. */
  #isHurried = false

  constructor(options: OutboxOptions) {
    this.#options = options
  }

  add(post: Post): void {
    this.#posts.push(post)
    if (!this.#isSending) void this.#send()
  }

  /** Nobody wants it said any more. One that is under way may be said all the same. */
  drop(key: string): void {
    const at = this.#posts.findIndex(post => post.key === key)
    if (at !== -1) this.#posts.splice(at, 1)
    if (at === 0) this.#hurry()
  }

  /** The connection is another one: an answer that is still awaited won't come. */
  retry(): void {
    this.#isHeld = false
    this.#hurry()
  }

  /** Nobody is there in whose name it could be sent. */
  hold(): void {
    this.#isHeld = true
    this.#attempt?.abort()
  }

  resume(): void {
    if (this.#isHeld) this.retry()
  }

  #hurry(): void {
    this.#isHurried = this.#isSending
    this.#attempt?.abort()
    this.#wake()
  }

  async #send(): Promise<void> {
    this.#isSending = true
    try {
      for (let post = this.#posts[0]; post !== undefined; post = this.#posts[0]) {
        this.#isHurried = false
        const done = !this.#isHeld && (await this.#try(post))
        if (this.#posts[0] !== post) continue
        if (done) this.#posts.shift()
        else await this.#pause()
      }
    } finally {
      this.#isSending = false
    }
  }

  /** False: no answer. */
  async #try(post: Post): Promise<boolean> {
    const attempt = new AbortController()
    this.#attempt = attempt
    const timer = setTimeout(() => attempt.abort(), attemptMs)
    let sent: { id: number }
    try {
      sent = await this.#options.send(post, attempt.signal)
    } catch (error) {
      if (attempt.signal.aborted) return false
      const problem = error instanceof ApiError ? error.problem : ours(error)
      if (problem.status === 401) this.#isHeld = true
      if (problem.status === 401 || comesBack.has(problem.code)) return false
      this.#options.onRefused(post, problem)
      return true
    } finally {
      clearTimeout(timer)
      this.#attempt = undefined
    }
    this.#options.onSent(post, sent.id)
    return true
  }

  async #pause(): Promise<void> {
    if (this.#isHurried) return
    await new Promise<void>(resolve => {
      this.#wake = resolve
      if (!this.#isHeld) setTimeout(resolve, pauseMs)
    })
  }
}

/** Refusals that end by themselves. */
const comesBack = new Set(['no_answer', 'stopping', 'busy'])

/** A fault of the page must not take the text with it, nor stop what comes after it. */
function ours(error: unknown): ApiProblem {
  return { code: 'page_failed', title: 'The page failed to send this', status: 0, detail: String(error) }
}

/** A key for a post. Not randomUUID, which is missing on plain http. */
export function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), byte =>
    byte.toString(16).padStart(2, '0'),
  ).join('')
}
