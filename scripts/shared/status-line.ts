import type { Io } from '../../lib/io.ts'

/** What goes on, on the last line of a terminal; nothing where stderr is none. */
export class StatusLine implements Disposable {
  readonly #stderr: Io['stderr']
  #shown = ''

  constructor(stderr: Io['stderr']) {
    this.#stderr = stderr
  }

  get isSeen(): boolean {
    return this.#stderr.isTTY === true
  }

  /** '' clears it, which has to come before anything else is written to the terminal. */
  show(words: string): void {
    if (!this.isSeen || words === this.#shown) return
    this.#shown = words
    this.#stderr.write(words === '' ? '\r\u001B[K' : `\r\u001B[K${words} …`)
  }

  [Symbol.dispose](): void {
    this.show('')
  }
}
