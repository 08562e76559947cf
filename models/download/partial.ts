import { createHash } from 'node:crypto'
import { closeSync, ftruncateSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { crc32 } from 'node:zlib'
import { type Journal, type JournalHead, headLine, parseJournal, pieceLine } from './journal.ts'
import { Pieces } from './pieces.ts'

/**
 * Where a server limits each connection, more of them are faster; where it does not, they cost nothing. More than this is
 * what servers turn away.
 */
export const mostConnections = 12
/** What is written, and noted as written, at once. Each connection may have one in hand and one on its way to the disk. */
export const pieceBytes = 256 * 1024
/** So all connections together lose at most this much of what they were sent when the process is killed. */
export const blockBytes = 2 * mostConnections * pieceBytes

interface Wanted {
  readonly url: string
  readonly bytes: number
  /** Whether the content is known by its hash, so that it may come from several addresses. */
  readonly isKnown: boolean
}

/**
 * The file that a download grows in, and the journal beside it. The file is sparse and as long as it will be; a piece counts
 * as there when it was written and its crc32 noted. One process at a time (lock.ts).
 */
export class Partial {
  readonly path: string
  readonly #journalPath: string
  readonly #wanted: Wanted
  readonly #address: string
  #file: FileHandle
  #journal: number | undefined
  pieces: Pieces
  /** What the server calls the version that the pieces are of. */
  validator: string | undefined
  /** Bytes that have come, also those of pieces that are not whole yet. */
  arrived = 0
  /** Called when one more is there, with how far the file is whole. */
  onPiece: ((front: number) => void) | undefined
  /** The most that was ever written: what has been seen twice is no progress. */
  most = 0

  private constructor(path: string, wanted: Wanted, file: FileHandle) {
    this.path = path
    this.#journalPath = journalOf(path)
    this.#wanted = wanted
    this.#address = createHash('sha256').update(wanted.url).digest('hex')
    this.#file = file
    this.pieces = new Pieces(wanted.bytes, pieceBytes)
  }

  /** Opens what an earlier run left, as far as it can be trusted, or begins anew. `damaged`: bytes that had changed. */
  static async open(
    path: string,
    wanted: Wanted,
    signal: AbortSignal,
  ): Promise<{ partial: Partial; damaged: number }> {
    const partial = new Partial(path, wanted, await openFile(path))
    try {
      return { partial, damaged: await partial.#resume(signal) }
    } catch (error) {
      await partial.close()
      throw error
    }
  }

  async #resume(signal: AbortSignal): Promise<number> {
    const { size } = await this.#file.stat()
    const journal = size === 0 ? undefined : this.#readJournal()
    if (journal === undefined || !this.#fits(journal.head)) {
      await this.reset()
      return 0
    }
    if (journal.head.address === this.#address) this.validator = journal.head.validator
    let damaged = 0
    const buffer = Buffer.allocUnsafe(pieceBytes)
    for (const [index, crc] of journal.pieces) {
      signal.throwIfAborted()
      const { start, end } = this.pieces.rangeOf(index)
      const { bytesRead } = await this.#file.read(buffer, 0, end - start, start)
      if (bytesRead === end - start && crc32(buffer.subarray(0, bytesRead)) === crc) this.pieces.add(index)
      else damaged += end - start
    }
    this.#journal = openSync(this.#journalPath, 'r+')
    // A line that was torn would swallow the next one.
    ftruncateSync(this.#journal, journal.end)
    closeSync(this.#journal)
    this.#journal = openSync(this.#journalPath, 'a')
    await this.#file.truncate(this.#wanted.bytes)
    this.arrived = this.most = this.pieces.written
    return damaged
  }

  /** A file of other bytes, or of an address that alone says what it is, is another download; so may be one without a name for its version. */
  #fits({ bytes, piece, address, validator }: JournalHead): boolean {
    return (
      bytes === this.#wanted.bytes &&
      piece === pieceBytes &&
      (this.#wanted.isKnown || (address === this.#address && validator !== undefined))
    )
  }

  #readJournal(): Journal | undefined {
    try {
      return parseJournal(readFileSync(this.#journalPath, 'utf8'))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw error
    }
  }

  /** Forgets what is there. In new files: whoever still has the old ones open, does no harm. */
  async reset(): Promise<void> {
    this.#closeJournal()
    await this.#file.close()
    removePartial(this.path)
    this.#file = await openFile(this.path)
    await this.#file.truncate(this.#wanted.bytes)
    this.pieces = new Pieces(this.#wanted.bytes, pieceBytes)
    this.validator = undefined
    this.arrived = 0
  }

  /** Before the first piece of an answer: which version of the file it is of. */
  begin(validator: string | undefined): void {
    this.validator ??= validator
    if (this.#journal !== undefined) return
    this.#journal = openSync(this.#journalPath, 'w')
    const { bytes } = this.#wanted
    const head = { version: 1, bytes, piece: pieceBytes, address: this.#address } as const
    writeSync(this.#journal, headLine(validator === undefined ? head : { ...head, validator }))
  }

  async write(index: number, content: Buffer, crc: number): Promise<void> {
    const { start } = this.pieces.rangeOf(index)
    const { pieces } = this
    // A disk that is nearly full may take a part and say nothing; it says so when asked for the rest.
    for (let done = 0; done < content.length;)
      done += (await this.#file.write(content, done, content.length - done, start + done)).bytesWritten
    if (this.#journal === undefined || pieces !== this.pieces) return
    writeSync(this.#journal, pieceLine(index, crc))
    pieces.add(index)
    this.most = Math.max(this.most, pieces.written)
    this.onPiece?.(pieces.front)
  }

  async sync(): Promise<void> {
    await this.#file.sync()
  }

  /** Keeps the files. */
  async close(): Promise<void> {
    this.#closeJournal()
    await this.#file.close()
  }

  #closeJournal(): void {
    if (this.#journal !== undefined) closeSync(this.#journal)
    this.#journal = undefined
  }
}

export function journalOf(path: string): string {
  return path.replace(/\.partial$/, '.journal')
}

/** What is there of a download; nobody may have it open. */
export function removePartial(path: string): void {
  // The journal first: what it would say of another file under that name would be wrong.
  rmSync(journalOf(path), { force: true })
  rmSync(path, { force: true })
}

async function openFile(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r+')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    return open(path, 'wx+')
  }
}
