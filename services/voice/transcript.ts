import { appendFile } from 'node:fs/promises'

/** Who said it: `<` was heard, `>` was spoken by the machine. */
export type Direction = '<' | '>'

/**
 * Writes transcript.log. Each line is one O_APPEND write, so that lines of several writers never mix; the lines of one
 * writer stand in the order in which they were said.
 */
export class TranscriptWriter {
  readonly #path: string
  #last: Promise<void> = Promise.resolve()

  constructor(path: string) {
    this.#path = path
  }

  /** Rejects when this line could not be written; the next one is tried all the same. */
  append(text: string, at: Date, direction: Direction = '<'): Promise<void> {
    const line = formatTranscriptLine(text, at, direction)
    const written = this.#last.then(() => appendFile(this.#path, line))
    this.#last = written.catch(() => undefined)
    return written
  }

  /** Resolves when all that was appended before is written, or could not be. */
  async flush(): Promise<void> {
    await this.#last
  }
}

/** `YYYY-MM-DD HH:MM:SS.mmm < what was heard`, local time, always one line. */
export function formatTranscriptLine(text: string, at: Date, direction: Direction = '<'): string {
  // U+2028, U+2029 and U+0085 are line ends for some readers; other control characters could steer a terminal.
  const oneLine = text.replace(/[\s\p{Cc}\u2028\u2029]+/gu, ' ').trim()
  return `${localTime(at)} ${direction} ${oneLine}\n`
}

function localTime(at: Date): string {
  const two = (n: number): string => String(n).padStart(2, '0')
  const date = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`
  const time = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`
  return `${date} ${time}.${String(at.getMilliseconds()).padStart(3, '0')}`
}
