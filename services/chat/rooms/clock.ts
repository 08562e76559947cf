/** Time, so that tests have their own. */
export interface Clock {
  /** ms since 1970. */
  now(): number
  /** Calls once after so many ms; the result takes it back. Holds no process up. */
  after(ms: number, call: () => void): () => void
}

export const realClock: Clock = {
  now: () => Date.now(),
  after: (ms, call) => {
    const timer = setTimeout(call, ms)
    timer.unref()
    return () => clearTimeout(timer)
  },
}

/** One timer of each name at most. */
export class Timers<Name extends string> {
  readonly #clock: Clock
  readonly #cancels = new Map<Name, () => void>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  has(name: Name): boolean {
    return this.#cancels.has(name)
  }

  /** In place of the one that runs. */
  start(name: Name, ms: number, call: () => void): void {
    this.stop(name)
    const cancel = this.#clock.after(ms, () => {
      this.#cancels.delete(name)
      call()
    })
    this.#cancels.set(name, cancel)
  }

  stop(name: Name): void {
    this.#cancels.get(name)?.()
    this.#cancels.delete(name)
  }

  stopAll(): void {
    for (const name of this.#cancels.keys()) this.stop(name)
  }
}
