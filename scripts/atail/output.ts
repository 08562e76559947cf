import { once } from 'node:events'
import { writeSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import type { Io } from '../../lib/io.ts'

/** Whoever read our output has gone. */
export class OutputGone extends Error {}

/** Bytes out, with GNU's headers between files. */
export class Output {
  readonly #stdout: Io['stdout']
  readonly #signal: AbortSignal
  /** Where there is a descriptor, bytes go to it without a copy and without a stream's bookkeeping. */
  readonly #file: number | undefined
  readonly #headers: boolean
  #last: string | undefined

  constructor({ stdout, signal }: Io, headers: boolean) {
    this.#stdout = stdout
    this.#signal = signal
    this.#file = 'fd' in stdout && typeof stdout.fd === 'number' ? stdout.fd : undefined
    this.#headers = headers
  }

  /** A file begins, with or without anything in it. */
  async begin(name: string): Promise<void> {
    if (!this.#headers) return
    await this.write(Buffer.from(`${this.#last === undefined ? '' : '\n'}==> ${name} <==\n`))
    this.#last = name
  }

  /** What comes is of this file. */
  async under(name: string): Promise<void> {
    if (name !== this.#last) await this.begin(name)
  }

  /** Until they are taken: the bytes' memory may be used again afterwards. Rejects with the signal's reason. */
  async write(bytes: Buffer): Promise<void> {
    if (this.#file === undefined) {
      if (!this.#stdout.write(Buffer.from(bytes))) await once(this.#stdout, 'drain', { signal: this.#signal })
      return
    }
    let waits = 0
    for (let rest = bytes; rest.length > 0;) {
      const written = tryWrite(this.#file, rest)
      rest = rest.subarray(written)
      if (written > 0) waits = 0
      else await this.#wait(waits++)
    }
  }

  /**
   * A pipe that is full says so, since libuv made it do that. Its stream would tell when there is room, but a write that is
   * pending there keeps the process alive, also after Ctrl-C; and a quick reader has emptied the pipe before the shortest sleep
   * ends, so that it is tried again at once, for a while.
   */
  async #wait(waits: number): Promise<void> {
    if (waits < quickTries) return
    await delay(Math.min(longestMs, 2 ** (waits - quickTries)), undefined, { signal: this.#signal }).catch(
      () => this.#signal.throwIfAborted(),
    )
  }
}

const quickTries = 100
const longestMs = 16

/** How many bytes were taken; 0 where the reader is slower than we are. */
function tryWrite(file: number, bytes: Buffer): number {
  try {
    return writeSync(file, bytes, 0, bytes.length)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EPIPE' || code === 'EIO') throw new OutputGone('stdout', { cause: error })
    if (code !== 'EAGAIN') throw error
    return 0
  }
}
