import { BbSplitter } from '../bb/split.ts'
import { messageHash } from '../bb/hash.ts'
import { readMessage } from '../bb/parse.ts'
import type { Cursor, Message } from '../protocol.ts'
import { PrefixHash } from './prefix-hash.ts'
import type { RoomFile, Version } from './room-file.ts'
import { RoomIndex } from './room-index.ts'

/** One version of a room's file, read: where its messages are, and what is behind the last whole one. */
export class RoomState {
  readonly file: RoomFile
  readonly index: RoomIndex
  readonly #hash: PrefixHash
  /** As of when the file was read. */
  version: Version
  /** Behind the last message that counts: half a message, or empty lines. */
  tail: Tail

  private constructor(file: RoomFile, index: RoomIndex, hash: PrefixHash, version: Version) {
    this.file = file
    this.index = index
    this.#hash = hash
    this.version = version
    this.tail = wholeTail
  }

  /**
   * Reads a file from its start, or from where it is as another version was, which saves most of the work. In pieces, so that
   * a large room holds nobody up. Half a message at the end is left out, or is shown as it is.
   */
  static async read(
    file: RoomFile,
    like?: { readonly state: RoomState; readonly count: number },
    half: 'leave' | 'show' = 'leave',
  ): Promise<RoomState> {
    const index = like === undefined ? RoomIndex.empty() : like.state.index.upTo(like.count)
    const hash = like === undefined ? new PrefixHash() : like.state.#hash.upTo(index.end)
    const state = new RoomState(file, index, hash, file.version())
    const splitter = BbSplitter.at(index.end, index.print(index.count))
    await state.#scan(splitter, half)
    return state
  }

  get cursor(): Cursor {
    return this.cursorAt(this.index.end)
  }

  cursorAt(offset: number): Cursor {
    return { offset, check: this.#hash.check(offset, (start, end) => this.file.read(start, end)) }
  }

  /** Of offsets of which each is behind the one before it. */
  cursorsAt(offsets: readonly number[]): Cursor[] {
    const checks = this.#hash.checks(offsets, (start, end) => this.file.read(start, end))
    return offsets.map((offset, i) => ({ offset, check: checks[i] as string }))
  }

  /** Messages from one ordinal up to another; undefined if the file was changed meanwhile. */
  messages(from: number, to: number): Message[] | undefined {
    const start = this.index.offset(from)
    const end = this.index.offset(to)
    const bytes = this.file.read(start, end)
    if (bytes.length < end - start) return undefined
    const messages: Message[] = []
    for (let id = from; id < to; id++) {
      const [offset, next] = [this.index.offset(id), this.index.offset(id + 1)]
      const { author, text } = readMessage(bytes.subarray(offset - start, next - start))
      messages.push({ id, author, text, hash: messageHash(text), offset, end: next })
    }
    return messages
  }

  /** What was just appended behind the last message, when nothing was between: exactly one message. */
  grow(record: Uint8Array, version: Version): void {
    const splitter = BbSplitter.at(this.index.end, this.index.print(this.index.count))
    splitter.feed(record, never)
    splitter.finish((end, print) => this.index.add(end, print))
    this.#hash.add(record)
    this.version = version
  }

  /** What has to be written before a message, so that it stands alone. */
  get lead(): string {
    const { torn, newline } = this.tail
    return `${newline ? '' : '\n'}${torn ? '\n' : ''}`
  }

  /** Whether the last message still stands there, which one sees to before one takes a longer file for a grown one. */
  get stillEnds(): boolean {
    const { count, end } = this.index
    if (count === 0) return true
    const start = this.index.offset(count - 1)
    const splitter = BbSplitter.at(start, this.index.print(count - 1))
    splitter.feed(this.file.read(start, end), () => {})
    return splitter.position === end && splitter.print === this.index.print(count)
  }

  /** Whether a message can simply be appended. */
  get isWhole(): boolean {
    return this.version.size === this.index.end && this.lead === ''
  }

  async #scan(splitter: BbSplitter, half: 'leave' | 'show'): Promise<void> {
    const add = (end: number, print: number): void => this.index.add(end, print)
    let last = 10
    const piece = Buffer.allocUnsafe(Math.min(pieceBytes, this.version.size))
    while (this.#hash.known < splitter.position) {
      const { known } = this.#hash
      this.#hash.add(this.file.read(known, Math.min(known + pieceBytes, splitter.position), piece))
    }
    for (let at = splitter.position; at < this.version.size;) {
      const bytes = this.file.read(at, Math.min(at + pieceBytes, this.version.size), piece)
      // Shorter than it was: whoever cut it away is noticed by the next look.
      if (bytes.length === 0) break
      splitter.feed(bytes, add)
      this.#hash.add(bytes)
      last = bytes.at(-1) ?? 10
      at += bytes.length
      if (at < this.version.size) await nextTurn()
    }
    const { closed, torn } = splitter
    if (torn && half === 'show') splitter.finish(add)
    else if (closed !== undefined) add(closed.end, closed.print)
    this.tail = { torn, shown: torn && half === 'show', newline: last === 10 }
  }
}

interface Tail {
  /** A message without its closing empty line … */
  readonly torn: boolean
  /** … which counts as the last one all the same. */
  readonly shown: boolean
  /** Whether the file ends with a newline. */
  readonly newline: boolean
}

const wholeTail: Tail = { torn: false, shown: false, newline: true }
const pieceBytes = 256 * 1024

function nextTurn(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve))
}

function never(): void {
  throw new Error('a record that was just written is not one message')
}
