import { Refusal } from './api/refusal.ts'
import { apiProblems } from './messages.ts'

/** How many of something one user may have at once; one more is refused with a 429. */
export class Turns {
  readonly #most: number
  readonly #running = new Map<string, number>()

  constructor(most: number) {
    this.#most = most
  }

  /** Given back at the end of its scope. */
  take(user: string): Disposable {
    const count = this.#running.get(user) ?? 0
    if (count >= this.#most)
      throw new Refusal(429, apiProblems.tooManyAtOnce(this.#most), { 'retry-after': '5' })
    this.#running.set(user, count + 1)
    return {
      [Symbol.dispose]: () => {
        const left = (this.#running.get(user) ?? 1) - 1
        if (left === 0) this.#running.delete(user)
        else this.#running.set(user, left)
      },
    }
  }
}
