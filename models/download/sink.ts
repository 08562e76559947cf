import { crc32 } from 'node:zlib'
import { type Partial, pieceBytes } from './partial.ts'
import type { Pieces, Range } from './pieces.ts'

/**
 * Cuts what arrives of one range into pieces and writes them: one is filled while one is on its way to the disk. Copied, since
 * whatever keeps the buffers of a socket keeps them from being collected young: it was 100 MB.
 */
export class Sink {
  readonly #partial: Partial
  readonly #pieces: Pieces
  readonly #buffers: Buffer[]
  readonly #end: number
  #at: number
  /** Of the piece that is being filled. */
  #held = 0
  #crc = 0
  #waiting = 0
  #last: Promise<void> = Promise.resolve()

  /** `buffers`: two of a piece each, which nobody else uses meanwhile. */
  constructor(partial: Partial, { start, end }: Range, buffers: Buffer[]) {
    this.#partial = partial
    this.#pieces = partial.pieces
    this.#buffers = buffers
    this.#at = start
    this.#end = end
  }

  get missing(): number {
    return this.#end - this.#at
  }

  /** A promise where the disk is behind: nothing more until it resolves. It rejects with what went wrong there. */
  push(chunk: Buffer): Promise<void> | undefined {
    this.#partial.arrived += chunk.length
    return this.#take(chunk, 0)
  }

  #take(chunk: Buffer, from: number): Promise<void> | undefined {
    for (let at = from; at < chunk.length;) {
      // Both are full.
      if (this.#waiting > 1) return this.#last.then(() => this.#take(chunk, at))
      const index = Math.floor(this.#at / this.#pieces.piece)
      const { start, end } = this.#pieces.rangeOf(index)
      const part = chunk.subarray(at, at + end - this.#at)
      const [buffer = Buffer.alloc(0)] = this.#buffers
      part.copy(buffer, this.#held)
      this.#crc = crc32(part, this.#crc)
      this.#held += part.length
      this.#at += part.length
      at += part.length
      if (this.#at === end) this.#write(index, buffer.subarray(0, end - start))
    }
    return this.#waiting > 1 ? this.#last : undefined
  }

  #write(index: number, content: Buffer): void {
    const crc = this.#crc
    this.#held = this.#crc = 0
    this.#waiting++
    this.#buffers.reverse()
    this.#last = this.#last.then(async () => {
      await this.#partial.write(index, content, crc)
      this.#waiting--
    })
    // Told by the next push that finds both full, or by the end.
    this.#last.catch(() => undefined)
  }

  /** Awaits what is on its way to the disk; what is no whole piece is dropped. */
  async end(): Promise<void> {
    this.#partial.arrived -= this.#held
    this.#held = 0
    await this.#last
  }
}

/** For the sinks of one connection, one after the other. */
export function sinkBuffers(): Buffer[] {
  return [Buffer.allocUnsafeSlow(pieceBytes), Buffer.allocUnsafeSlow(pieceBytes)]
}
