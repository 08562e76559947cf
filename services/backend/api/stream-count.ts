import { apiProblems } from '../messages.ts'
import { Refusal } from './refusal.ts'

/** How many streams each user has open, of rooms and of what changes together. */
export class StreamCount {
  readonly #most: number
  readonly #open = new Map<string, number>()

  constructor(most: number) {
    this.#most = most
  }

  /** Throws a 429 if one more would be too many. */
  check(user: string): void {
    if ((this.#open.get(user) ?? 0) < this.#most) return
    throw new Refusal(429, apiProblems.tooManyStreams(this.#most), { 'retry-after': '10' })
  }

  take(user: string): void {
    this.#open.set(user, (this.#open.get(user) ?? 0) + 1)
  }

  give(user: string): void {
    const left = (this.#open.get(user) ?? 1) - 1
    if (left === 0) this.#open.delete(user)
    else this.#open.set(user, left)
  }
}
