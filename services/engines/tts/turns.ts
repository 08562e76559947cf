/** One does something at a time; who waits gets its turn in the order of asking. */
export class Turns {
  /** Without what was made in it: a text has thousands of turns. */
  #last: Promise<void> = Promise.resolve()

  /** Rejects as soon as the signal comes; what has begun goes on to its end, before the next. */
  async take<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    const drop = (): void => reject(signal.reason)
    if (signal.aborted) drop()
    signal.addEventListener('abort', drop, { once: true })
    const turn = this.#last.then(() => {
      signal.throwIfAborted()
      return work()
    })
    this.#last = turn.then(
      () => undefined,
      () => undefined,
    )
    turn.then(resolve, reject)
    try {
      return await promise
    } finally {
      // The signal lives as long as the text, and would keep each result of it.
      signal.removeEventListener('abort', drop)
    }
  }
}
