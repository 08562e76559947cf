import { StringDecoder } from 'node:string_decoder'
import type { LogReader } from '../../supervisor/log-reader.ts'

/** The lines of one service's log, read once each, in blocks: a flood of output takes no more memory than a drop. */
export class ServiceLines {
  readonly #reader: LogReader
  #decoder = new StringDecoder('utf8')
  #position: number
  #partial = ''

  constructor(reader: LogReader, from: number) {
    this.#reader = reader
    this.#position = from
  }

  /** Whole lines up to that offset, each with the offset of the block that it ended in. */
  *upTo(end: number): Generator<{ readonly text: string; readonly offset: number }> {
    while (this.#position < end) {
      const offset = this.#position
      const bytes = this.#reader.read(offset, Math.min(blockSize, end - offset))
      // Old segments may have gone since; what they held is skipped.
      this.#position = Math.max(offset, this.#reader.start) + bytes.length
      if (bytes.length === 0) return
      const lines = (this.#partial + this.#decoder.write(bytes)).split('\n')
      this.#partial = lines.pop() ?? ''
      // A program that never ends its line must not fill the memory.
      if (this.#partial.length > longestLine) lines.push(this.#takePartial())
      for (const text of lines) yield { text, offset }
    }
  }

  /** All that is left, an unfinished last line too. */
  *rest(): Generator<string> {
    this.#reader.refresh()
    for (const { text } of this.upTo(this.#reader.end)) yield text
    const last = this.#takePartial() + this.#decoder.end()
    if (last !== '') yield last
  }

  #takePartial(): string {
    const text = this.#partial
    this.#partial = ''
    return text
  }
}

const blockSize = 64 * 1024
const longestLine = 64 * 1024
