import { readSync } from 'node:fs'

export class GgufError extends Error {
  readonly reason: 'not_gguf' | 'truncated' | 'version' | 'big_endian' | 'hostile'

  constructor(reason: GgufError['reason'], detail: string) {
    super(detail)
    this.reason = reason
  }
}

/** An array that was passed over. */
export interface Skipped {
  readonly skipped: number
}

const chunkSize = 256 * 1024
const maxText = 4 * 1024 * 1024
const maxStrings = 8_000_000
/** Per-layer values are arrays as long as the model has layers. */
const maxKept = 4096
const maxDepth = 4

const stringType = 8
const arrayType = 9
/** Bytes of the types of values, by number; strings and arrays have no fixed size. */
const sizes = [1, 1, 2, 2, 4, 4, 4, 1, undefined, undefined, 8, 8, 8]

/** Reads the values of a GGUF file in order, from small buffers whatever lengths the file claims. */
export class GgufReader {
  readonly #file: number
  readonly #size: number
  #chunk: Buffer = Buffer.alloc(0)
  #chunkStart = 0
  #position = 0

  constructor(file: number, size: number) {
    this.#file = file
    this.#size = size
  }

  get position(): number {
    return this.#position
  }

  /** At most a few MiB: they come to lie in memory. */
  bytes(length: number): Buffer {
    this.#require(length)
    const start = this.#position - this.#chunkStart
    this.#position += length
    if (start >= 0 && start + length <= this.#chunk.length) return this.#chunk.subarray(start, start + length)
    this.#chunkStart = this.#position - length
    this.#chunk = Buffer.allocUnsafe(Math.min(Math.max(length, chunkSize), this.#size - this.#chunkStart))
    let filled = 0
    while (filled < this.#chunk.length) {
      const at = this.#chunkStart + filled
      const read = readSync(this.#file, this.#chunk, filled, this.#chunk.length - filled, at)
      if (read === 0) throw new GgufError('truncated', `it ends at byte ${at}`)
      filled += read
    }
    return this.#chunk.subarray(0, length)
  }

  u32(): number {
    return this.bytes(4).readUInt32LE()
  }

  u64(what: string): number {
    const value = this.bytes(8).readBigUInt64LE()
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new GgufError('hostile', `${what} of ${value}`)
    return Number(value)
  }

  count(limit: number, what: string): number {
    const count = this.u64(`a number of ${what}`)
    if (count > limit) throw new GgufError('hostile', `${count} ${what}`)
    return count
  }

  string(limit: number, what: string): string {
    const length = this.u64(`the length of ${what}`)
    if (length > limit) throw new GgufError('hostile', `${what} of ${length} bytes`)
    return this.bytes(length).toString('utf8')
  }

  /** A value that is not `kept` is passed over, as long arrays are. */
  value(type: number, kept: boolean, depth = 0): unknown {
    if (type === stringType) return kept ? this.string(maxText, 'a text') : this.#skip(this.u64('a length'))
    if (type === arrayType) return this.#array(kept, depth)
    const size = sizes[type]
    if (size === undefined) throw new GgufError('hostile', `a value of the unknown type ${type}`)
    return scalar(type, this.bytes(size))
  }

  #array(kept: boolean, depth: number): unknown[] | Skipped {
    if (depth >= maxDepth) throw new GgufError('hostile', 'arrays within arrays')
    const type = this.u32()
    const count = this.u64('the length of an array')
    const size = sizes[type]
    if (size !== undefined) {
      this.#require(count * size)
      if (kept && count <= maxKept) return Array.from({ length: count }, () => scalar(type, this.bytes(size)))
      this.#skip(count * size)
    } else {
      // Each element has at least the bytes of its length.
      this.#require(count * 8)
      if (count > maxStrings) throw new GgufError('hostile', `an array of ${count} values`)
      for (let at = 0; at < count; at++) this.value(type, false, depth + 1)
    }
    return { skipped: count }
  }

  #skip(length: number): undefined {
    this.#require(length)
    this.#position += length
  }

  #require(length: number): void {
    if (this.#position + length > this.#size)
      throw new GgufError('truncated', `it ends before byte ${this.#position + length}`)
  }
}

function scalar(type: number, bytes: Buffer): number | boolean {
  switch (type) {
    case 0:
      return bytes.readUInt8()
    case 1:
      return bytes.readInt8()
    case 2:
      return bytes.readUInt16LE()
    case 3:
      return bytes.readInt16LE()
    case 4:
      return bytes.readUInt32LE()
    case 5:
      return bytes.readInt32LE()
    case 6:
      return bytes.readFloatLE()
    case 7:
      return bytes.readUInt8() !== 0
    case 10:
      return Number(bytes.readBigUInt64LE())
    case 11:
      return Number(bytes.readBigInt64LE())
    default:
      return bytes.readDoubleLE()
  }
}
