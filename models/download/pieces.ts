/** From a byte up to, and without, another one. */
export interface Range {
  readonly start: number
  readonly end: number
}

/** Which pieces of a file are there, which are on their way, and what to ask for next. */
export class Pieces {
  readonly bytes: number
  readonly piece: number
  readonly #states: Uint8Array
  #front = 0
  #written = 0

  constructor(bytes: number, piece: number) {
    this.bytes = bytes
    this.piece = piece
    this.#states = new Uint8Array(Math.ceil(bytes / piece))
  }

  /** Bytes of all pieces that are there. */
  get written(): number {
    return this.#written
  }

  /** Up to here, everything is there. */
  get front(): number {
    return Math.min(this.bytes, this.#front * this.piece)
  }

  /** The first run of pieces that nobody fetches, at most `limit` bytes of it (but one piece); then it is being fetched. */
  take(limit: number): Range | undefined {
    const first = this.#states.indexOf(missing, this.#front)
    if (first < 0) return undefined
    const most = first + Math.max(1, Math.floor(limit / this.piece))
    let after = first
    while (after < most && this.#states[after] === missing) this.#states[after++] = taken
    return { start: first * this.piece, end: Math.min(this.bytes, after * this.piece) }
  }

  /** What of a range has not come is missing again. */
  giveBack({ start, end }: Range): void {
    for (let at = Math.floor(start / this.piece); at * this.piece < end; at++)
      if (this.#states[at] === taken) this.#states[at] = missing
  }

  add(index: number): void {
    if (this.#states[index] === there) return
    this.#states[index] = there
    this.#written += this.rangeOf(index).end - index * this.piece
    while (this.#states[this.#front] === there) this.#front++
  }

  rangeOf(index: number): Range {
    return { start: index * this.piece, end: Math.min(this.bytes, (index + 1) * this.piece) }
  }
}

const missing = 0
const taken = 1
const there = 2
