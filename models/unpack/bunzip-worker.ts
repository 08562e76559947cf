/** The thread of bunzip.ts: reads a .bz2 file and posts what comes out of it in pieces, never more than a few ahead. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { parentPort, workerData } from 'node:worker_threads'
import bunzip from 'seek-bzip'
import { archiveFaults } from '../messages.ts'
import { ahead, type BunzipMessage } from './bunzip.ts'

const size = 512 * 1024
const { path, waiting } = workerData as { path: string; waiting: Int32Array }

function run(): BunzipMessage {
  const file = openSync(path, 'r')
  try {
    const input = new Input(file)
    const output = new Output()
    // Some programs write one stream after the other, each compressed on a core of its own.
    while (input.left > 0) bunzip.decode(input, output)
    output.flush()
    return { type: 'end' }
  } catch (error) {
    // The decoder has no other faults, whatever it reads.
    if (error instanceof Truncated) return { type: 'fault', fault: archiveFaults.truncated() }
    if (error instanceof TypeError || error instanceof RangeError)
      return { type: 'fault', fault: archiveFaults.badBzip2(error.message) }
    // An error that is posted loses its code on the way.
    const { message, code } = error as NodeJS.ErrnoException
    return { type: 'error', message, code }
  } finally {
    closeSync(file)
  }
}

class Truncated extends Error {}

class Input {
  left: number
  readonly #file: number
  readonly #buffer = Buffer.allocUnsafe(size)
  #at = 0
  #end = 0

  constructor(file: number) {
    this.#file = file
    this.left = fstatSync(file).size
  }

  readByte(): number {
    if (this.#at === this.#end) {
      this.#end = readSync(this.#file, this.#buffer, 0, size, null)
      this.#at = 0
      if (this.#end === 0) throw new Truncated()
    }
    this.left--
    return this.#buffer[this.#at++] as number
  }

  /** Only for the four bytes at the beginning of a stream. */
  read(into: Buffer, offset: number, length: number): number {
    for (let i = 0; i < length; i++) into[offset + i] = this.readByte()
    return length
  }
}

class Output {
  #piece = new Uint8Array(size)
  #at = 0

  writeByte(byte: number): void {
    this.#piece[this.#at++] = byte
    if (this.#at === size) this.flush()
  }

  flush(): void {
    if (this.#at === 0) return
    for (let count = Atomics.load(waiting, 0); count >= ahead; count = Atomics.load(waiting, 0))
      Atomics.wait(waiting, 0, count)
    Atomics.add(waiting, 0, 1)
    // A copy where it is not full: what is transferred is transferred whole.
    post({ type: 'piece', piece: this.#at === size ? this.#piece : this.#piece.slice(0, this.#at) })
    this.#piece = new Uint8Array(size)
    this.#at = 0
  }
}

function post(message: BunzipMessage): void {
  parentPort?.postMessage(message, message.type === 'piece' ? [message.piece.buffer] : [])
}

// Last: the classes above are there from here on.
post(run())
