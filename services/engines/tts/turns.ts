/** One does something at a time; who waits gets its turn in the order of asking. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve()

  /** Rejects as soon as the signal comes; what has begun goes on to its end, before the next. */
  async take<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const before = this.#last
    const done = Promise.withResolvers<void>()
    this.#last = done.promise
    const over = new Promise<never>((_resolve, reject) => {
      if (signal.aborted) reject(signal.reason)
      signal.addEventListener('abort', () => reject(signal.reason), { once: true })
    })
    over.catch(() => undefined)
    const turn = before.then(() => {
      signal.throwIfAborted()
      return work()
    })
    void turn.then(
      () => done.resolve(),
      () => done.resolve(),
    )
    return Promise.race([turn, over])
  }
}
