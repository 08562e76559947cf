import { readSync } from 'node:fs'
import { follow } from './follow.ts'
import { startOfLastLines } from './line-starts.ts'

export interface TailLine {
  /** Byte offset just after the line: hand it to `from` to go on behind this line. */
  readonly offset: number
  /** Without its newline. */
  readonly line: string
}

export interface TailOptions {
  /** The last so many lines, or what follows a byte offset (from an earlier `TailLine`); then all that is added. */
  readonly from: { readonly lines: number } | { readonly offset: number; readonly orLines: number }
  readonly signal: AbortSignal
  /** How often to look without being told. */
  readonly rescanMs?: number
}

/**
 * The lines of one file that is followed by name (follow.ts) until the signal aborts. Lines are split at \n only, and half a
 * line is never given out. An offset that does not stand behind a newline belongs to another file; then the last `orLines`
 * lines come instead. Throws where the file is there and can't be read.
 */
export async function* tail(path: string, { from, signal, rescanMs }: TailOptions): AsyncGenerator<TailLine> {
  const start = (file: number, size: number): number => startOf(file, size, from)
  const options = { by: 'name', start, signal, ...(rescanMs === undefined ? {} : { rescanMs }) } as const
  let partial: Buffer[] = []
  for await (const event of follow([path], options)) {
    if (event.type === 'gone' && !['ENOENT', 'ENOTDIR'].includes(event.code)) {
      throw Object.assign(new Error(`${path} can't be followed (${event.code})`), { code: event.code })
    }
    if (event.type === 'rewind') partial = []
    if (event.type !== 'bytes') continue
    const { bytes, offset } = event
    let begin = 0
    for (let end = bytes.indexOf(10); end !== -1; end = bytes.indexOf(10, begin)) {
      const line = Buffer.concat([...partial, bytes.subarray(begin, end)]).toString('utf8')
      partial = []
      begin = end + 1
      yield { offset: offset + begin, line }
      if (signal.aborted) return
    }
    if (begin < bytes.length) partial.push(Buffer.from(bytes.subarray(begin)))
  }
}

function startOf(file: number, size: number, from: TailOptions['from']): number {
  if ('lines' in from) return startOfLastLines(file, size, from.lines)
  if (from.offset === 0) return 0
  const before = Buffer.alloc(1)
  if (from.offset <= size) readSync(file, before, 0, 1, from.offset - 1)
  return before[0] === 10 ? from.offset : startOfLastLines(file, size, from.orLines)
}
