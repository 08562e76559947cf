import { messageHash } from './hash.ts'
import { type BbMessage, readMessage } from './parse.ts'
import { BbSplitter } from './split.ts'

/** A message and its bytes in the file: where it begins, and where the next one does. */
export interface ScannedMessage extends BbMessage {
  readonly offset: number
  readonly end: number
  readonly hash: string
}

/** Bytes in, whole messages out, with their offsets; however the bytes are cut into pieces, the messages are the same. */
export class BbScanner {
  readonly #splitter: BbSplitter
  /** From `#start` on. */
  #held: Uint8Array[] = []
  #start: number

  /** `offset`: begins in the middle of a file, where a message ends. */
  constructor(offset = 0) {
    this.#splitter = BbSplitter.at(offset, 0)
    this.#start = offset
  }

  /** Messages of which it is sure that they have ended, which is when the next one has begun. */
  feed(chunk: Uint8Array): ScannedMessage[] {
    // A copy: the caller reads the next piece into the same buffer.
    this.#held.push(Uint8Array.from(chunk))
    const ends: number[] = []
    this.#splitter.feed(chunk, end => ends.push(end))
    return this.#take(ends)
  }

  /** The last message; nothing may be fed afterwards. */
  end(): ScannedMessage[] {
    const ends: number[] = []
    this.#splitter.finish(end => ends.push(end))
    return this.#take(ends)
  }

  /**
   * The message that feed() has not given out yet, if its closing empty line is here. To be shown at once by who follows a
   * file; feed() gives it again, with more text if somebody continued it after all.
   */
  closed(): ScannedMessage | undefined {
    const { closed } = this.#splitter
    if (closed === undefined) return undefined
    return scanned(Buffer.concat(this.#held).subarray(0, closed.end - this.#start), this.#start)
  }

  #take(ends: readonly number[]): ScannedMessage[] {
    if (ends.length === 0) return []
    const bytes = Buffer.concat(this.#held)
    const first = this.#start
    const messages: ScannedMessage[] = []
    for (const end of ends) {
      messages.push(scanned(bytes.subarray(this.#start - first, end - first), this.#start))
      this.#start = end
    }
    this.#held = [bytes.subarray(this.#start - first)]
    return messages
  }
}

function scanned(bytes: Buffer, offset: number): ScannedMessage {
  const message = readMessage(bytes)
  return { ...message, offset, end: offset + bytes.length, hash: messageHash(message.text) }
}
