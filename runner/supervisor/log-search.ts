import { lineText, logLines } from './log-lines.ts'
import type { LogReader } from './log-reader.ts'

export interface Match {
  /** Logical offsets of the line: of its first byte, and just behind its newline. */
  readonly offset: number
  readonly end: number
  /** What the line shows, without escape sequences. */
  readonly text: string
}

export interface SearchOptions {
  readonly pattern: RegExp
  /** Forward: the first line that is looked at begins here (a match's `end` goes on). Back: only what lies before (its `offset`). */
  readonly from: number
  readonly direction: 'back' | 'forward'
  readonly signal: AbortSignal
}

/**
 * The lines that match, through the whole log as it was at the call, nearest first. Ends when the signal aborts; the event
 * loop breathes every 64 KiB. Break out of the loop when you have enough.
 */
export async function* searchLines(reader: LogReader, options: SearchOptions): AsyncGenerator<Match> {
  const { pattern, ...lines } = options
  // A global or sticky one would remember where it stopped in the line before.
  const plain = new RegExp(pattern.source, pattern.flags.replaceAll(/[gy]/g, ''))
  for await (const block of logLines(reader, lines)) {
    for (const { offset, end, raw } of block) {
      const text = lineText(raw)
      if (plain.test(text)) yield { offset, end, text }
    }
  }
}
