import { setImmediate as breathe } from 'node:timers/promises'
import { stripVTControlCharacters } from 'node:util'
import type { LogReader } from './log-reader.ts'

export interface LogLine {
  /** Logical offset of its first byte. */
  readonly offset: number
  /** Just behind its newline; where it has none yet, behind its last byte. */
  readonly end: number
  /** With its escape sequences, without its newline. */
  readonly raw: string
}

export interface LinesOptions {
  /** Forward: where to begin. Back: just behind the last line. The begin of a line, or the log's end. */
  readonly from: number
  /** Forward: where to stop; the log's end at the call, where it isn't given. Back: the offset that no line begins before. */
  readonly to?: number
  readonly direction: 'back' | 'forward'
  readonly signal: AbortSignal
}

/**
 * The lines of a log, a block of them at a time, in the order of the direction; ends when the signal aborts. The event loop
 * breathes between blocks. What has no newline for 1 MiB is cut into lines of that length.
 */
export async function* logLines(reader: LogReader, options: LinesOptions): AsyncGenerator<LogLine[]> {
  const { from, signal } = options
  reader.refresh()
  if (options.direction === 'forward') {
    const to = Math.min(options.to ?? reader.end, reader.end)
    let pending: Buffer = Buffer.alloc(0)
    for (let at = Math.max(from, reader.start); at < to && !signal.aborted;) {
      const bytes = reader.read(at, Math.min(blockSize, to - at))
      if (bytes.length === 0) break
      const begin = Math.max(at, reader.start)
      // What was deleted before we came to it has no place in the line that goes on behind it.
      if (begin > at) pending = Buffer.alloc(0)
      at = begin + bytes.length
      const block = pending.length === 0 ? bytes : Buffer.concat([pending, bytes])
      const whole = at >= to || block.length >= longestLine ? block.length : block.lastIndexOf(newline) + 1
      pending = block.subarray(whole)
      yield linesIn(block.subarray(0, whole), at - block.length)
      await breathe()
    }
  } else {
    let end = Math.min(from, reader.end)
    let size = blockSize
    while (end > Math.max(options.to ?? 0, reader.start) && !signal.aborted) {
      const start = Math.max(end - size, options.to ?? 0, reader.start)
      const block = reader.read(start, end - start)
      if (block.length === 0) break
      const begin = Math.max(start, reader.start)
      // The first line may have begun before this block.
      const atStart = begin <= Math.max(options.to ?? 0, reader.start)
      const whole = atStart || size >= longestLine ? 0 : block.indexOf(newline) + 1
      if (whole === block.length || (whole === 0 && !atStart && size < longestLine)) {
        size *= 2
        continue
      }
      yield linesIn(block.subarray(whole), begin + whole).toReversed()
      end = begin + whole
      size = blockSize
      await breathe()
    }
  }
}

/** A line as it looks on a terminal that can only go back to its begin: what stands behind its last `\r`, without colours. */
export function lineText(raw: string): string {
  const text = raw.includes('\u001b') || raw.includes('\u009b') ? stripVTControlCharacters(raw) : raw
  let end = text.length
  while (end > 0 && text.charCodeAt(end - 1) === 13) end -= 1
  return text.slice(end === 0 ? 0 : text.lastIndexOf('\r', end - 1) + 1, end)
}

/**
 * The same with its colours. What moves the cursor, clears the screen or resets the terminal would spoil whatever stands
 * around the line, a string (OSC, DCS) that never ends would swallow it, and a colour that stays on would paint it.
 */
export function colouredText(raw: string): string {
  // Not `.*`, which stops at the first carriage return.
  const line = raw
    .replace(/\r+$/, '')
    .replace(/^[^]*\r/, '')
    .replaceAll(allButColours, '')
  return line.includes('\u001b') ? `${line}\u001b[0m` : line
}

/** Every control sequence, whole or cut off at the end, but SGR; and the control characters, but the tabulator. */
const allButColours =
  /\u001b(?:\[[0-?]*[ -/]*(?:[@-ln-~]|$)|[\]PX^_][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[ -/]*[0-OQ-WYZ\\`-~]|$)|[\u0000-\u0008\u000b-\u001a\u001c-\u001f\u007f-\u009f]/g
const newline = 10
const blockSize = 64 * 1024
const longestLine = 1024 * 1024

function linesIn(block: Buffer, offset: number): LogLine[] {
  const lines: LogLine[] = []
  for (let at = 0; at < block.length;) {
    const next = block.indexOf(newline, at)
    const end = next === -1 ? block.length : next + 1
    lines.push({
      offset: offset + at,
      end: offset + end,
      raw: block.toString('utf8', at, next === -1 ? end : next),
    })
    at = end
  }
  return lines
}
