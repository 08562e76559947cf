/**
 * Where a room's messages end, 8 bytes a message. Each end has a fingerprint of all the bytes before it (BbSplitter's
 * print), so two versions of a file are alike up to the last end that both have with the same print.
 */
export class RoomIndex {
  #ends: Uint32Array
  #prints: Int32Array
  #count: number

  private constructor(ends: Uint32Array, prints: Int32Array, count: number) {
    this.#ends = ends
    this.#prints = prints
    this.#count = count
  }

  static empty(): RoomIndex {
    return new RoomIndex(new Uint32Array(16), new Int32Array(16), 0)
  }

  /** A copy with the first `count` messages. */
  upTo(count: number): RoomIndex {
    const room = Math.max(16, count + (count >> 3))
    const copy = new RoomIndex(new Uint32Array(room), new Int32Array(room), count)
    copy.#ends.set(this.#ends.subarray(0, count))
    copy.#prints.set(this.#prints.subarray(0, count))
    return copy
  }

  get count(): number {
    return this.#count
  }

  /** Behind the last message. */
  get end(): number {
    return this.offset(this.#count)
  }

  /** Where a message begins; for `count`, where the next one will. */
  offset(ordinal: number): number {
    return ordinal === 0 ? 0 : (this.#ends[ordinal - 1] as number)
  }

  /** The fingerprint of what is before a message. */
  print(ordinal: number): number {
    return ordinal === 0 ? firstPrint : (this.#prints[ordinal - 1] as number)
  }

  add(end: number, print: number): void {
    if (this.#count === this.#ends.length) this.#grow()
    this.#ends[this.#count] = end
    this.#prints[this.#count] = print
    this.#count++
  }

  /** How many messages end at or before the offset: the ordinal of the message in which it is. */
  ordinalAt(offset: number): number {
    return lowest(this.#count, ordinal => this.offset(ordinal + 1) > offset)
  }

  /** With how many messages both begin. */
  alike(other: RoomIndex): number {
    const most = Math.min(this.#count, other.#count)
    // Prints are of all that is before, so where one differs, so do those behind it.
    return lowest(
      most,
      ordinal =>
        this.offset(ordinal + 1) !== other.offset(ordinal + 1) ||
        this.print(ordinal + 1) !== other.print(ordinal + 1),
    )
  }

  #grow(): void {
    const ends = new Uint32Array(this.#count * 2)
    const prints = new Int32Array(this.#count * 2)
    ends.set(this.#ends)
    prints.set(this.#prints)
    this.#ends = ends
    this.#prints = prints
  }
}

/** Of no bytes: where BbSplitter begins. */
const firstPrint = 0x811c9dc5

/** The lowest number below `most` for which it holds, as it does for all above it; else `most`. */
function lowest(most: number, holds: (ordinal: number) => boolean): number {
  let [low, high] = [0, most]
  while (low < high) {
    const middle = (low + high) >> 1
    if (holds(middle)) high = middle
    else low = middle + 1
  }
  return low
}
