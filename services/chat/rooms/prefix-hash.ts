import { createHash, type Hash } from 'node:crypto'

/** Gives a file's bytes from `start` up to `end`. */
export type ReadBytes = (start: number, end: number) => Uint8Array

/**
 * SHA-256 over a file's beginning, for any beginning: the state is kept every 256 KB, so that a check reads that much at
 * most.
 */
export class PrefixHash {
  /** The first stands at 0; offsets grow. */
  readonly #marks: { offset: number; hash: Hash }[] = [{ offset: 0, hash: createHash('sha256') }]
  /** Many readers ask for the same few ends. */
  readonly #recent = new Map<number, string>()

  /** The same up to `offset`, for another version of the file that begins alike. */
  upTo(offset: number): PrefixHash {
    const other = new PrefixHash()
    for (const mark of this.#marks) {
      // Shared: a mark's hash is only ever copied.
      if (mark.offset > 0 && mark.offset <= offset) other.#marks.push(mark)
    }
    return other
  }

  /** How far it knows the file. */
  get known(): number {
    return this.#last.offset
  }

  /** The bytes that follow `known`. */
  add(bytes: Uint8Array): void {
    const last = this.#last
    const hash = last.hash.copy().update(bytes)
    const offset = last.offset + bytes.length
    const before = this.#marks.at(-2)
    // The newest mark moves along until it is far enough from the one before it.
    if (before !== undefined && offset - before.offset <= stepBytes) this.#marks.pop()
    this.#marks.push({ offset, hash })
  }

  /** First 8 hex digits of the hash of what is before `offset`. */
  check(offset: number, read: ReadBytes): string {
    return this.#recent.get(offset) ?? (this.checks([offset], read)[0] as string)
  }

  /** The same for many, of which each is behind the one before it; what is between them is read once. */
  checks(offsets: readonly number[], read: ReadBytes): string[] {
    const mark = this.#markBefore(offsets[0] ?? 0)
    const hash = mark.hash.copy()
    let at = mark.offset
    return offsets.map(offset => {
      while (at < offset) {
        const end = Math.min(at + stepBytes, offset)
        hash.update(read(at, end))
        at = end
      }
      const check = hash.copy().digest('hex').slice(0, 8)
      this.#remember(offset, check)
      return check
    })
  }

  #remember(offset: number, check: string): void {
    this.#recent.set(offset, check)
    for (const oldest of this.#recent.keys()) {
      if (this.#recent.size <= mostRecent) break
      this.#recent.delete(oldest)
    }
  }

  get #last(): { offset: number; hash: Hash } {
    return this.#marks.at(-1) as { offset: number; hash: Hash }
  }

  #markBefore(offset: number): { offset: number; hash: Hash } {
    let [low, high] = [0, this.#marks.length - 1]
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((this.#marks[middle]?.offset ?? 0) <= offset) low = middle
      else high = middle - 1
    }
    return this.#marks[low] as { offset: number; hash: Hash }
  }
}

const stepBytes = 256 * 1024
const mostRecent = 64
