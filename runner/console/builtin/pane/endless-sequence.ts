/**
 * Stands before a terminal emulator, which keeps an OSC or DCS until its end, up to many megabytes: what has no end within
 * 64 KiB is not passed on further, and broken off at the next newline. Everything else goes through as it is.
 */
export class EndlessSequence {
  /** Bytes of the string that we are in; undefined: in none. */
  #inside: number | undefined
  /** The chunk before ended with an ESC. */
  #half = false

  /** The parts of the chunk that are to be passed on. */
  pass(chunk: Uint8Array): Uint8Array[] {
    const parts: Uint8Array[] = []
    // What is to be passed on begins here.
    let begin = 0
    for (let at = 0; at < chunk.length;) {
      if (this.#inside === undefined) {
        at = this.#toIntroducer(chunk, at)
        continue
      }
      const before = this.#inside
      const end = this.#toEnd(chunk, at, before)
      const length = before + end - at
      if (length > longest) {
        if (before <= longest) parts.push(chunk.subarray(begin, at))
        if (this.#inside === undefined) parts.push(cancelling)
        begin = end
      }
      at = end
    }
    if (begin < chunk.length) parts.push(chunk.subarray(begin))
    return parts
  }

  /** Just behind the next introducer of a string, or the chunk's end. */
  #toIntroducer(chunk: Uint8Array, from: number): number {
    const half = this.#half
    this.#half = false
    if (half && introducers.has(chunk[from] ?? 0)) return this.#enter(from + 1)
    for (let at = chunk.indexOf(escape, from); at !== -1; at = chunk.indexOf(escape, at + 1)) {
      const code = chunk[at + 1]
      this.#half = code === undefined
      if (code !== undefined && introducers.has(code)) return this.#enter(at + 2)
    }
    return chunk.length
  }

  #enter(behind: number): number {
    this.#inside = 0
    return behind
  }

  /**
   * Where the string that we are in ends, or the chunk. An ESC stands behind its end: it may begin anything. When it is too
   * long already, a newline ends it too.
   */
  #toEnd(chunk: Uint8Array, from: number, before: number): number {
    for (let at = from; at < chunk.length; at++) {
      const code = chunk[at] ?? 0
      if (code > escape) continue
      if (code === escape || (code === newline && before + at - from > longest)) {
        this.#inside = undefined
        return at
      }
      if (code === bell || code === cancel || code === substitute) {
        this.#inside = undefined
        return at + 1
      }
    }
    this.#inside = before + chunk.length - from
    return chunk.length
  }
}

const longest = 64 * 1024
const escape = 27
const bell = 7
const newline = 10
const cancel = 24
const substitute = 26
const cancelling = Uint8Array.of(cancel)
/** OSC, DCS, SOS, PM, APC. */
const introducers = new Set(Buffer.from(']PX^_'))
