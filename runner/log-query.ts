import { levelOf, levels, type Level } from './supervisor/log-level.ts'
import { lineText, logLines, type LogLine } from './supervisor/log-lines.ts'
import type { LogReader } from './supervisor/log-reader.ts'

/** Which lines of a log somebody wants to see. Times are epoch ms. */
export interface LogQuery {
  /** At most so many of each service, the last ones. */
  readonly count?: number
  readonly since?: number
  readonly until?: number
  readonly grep?: RegExp
  /** This level and the graver ones. */
  readonly level?: Level
}

export interface TimedLine {
  readonly service: string
  readonly raw: string
  /** Undefined where the index was lost. */
  readonly time: number | undefined
}

export interface Source {
  readonly service: string
  readonly reader: LogReader
  /** What the query keeps of this log; asked line by line, in order. */
  readonly keeps: (line: LogLine) => boolean
}

export function sourceOf(service: string, reader: LogReader, query: LogQuery): Source {
  return { service, reader, keeps: filterOf(query) }
}

/** The lines of the query up to the offset `to`, in blocks. */
export async function* select(
  source: Source,
  query: LogQuery,
  to: number,
  signal: AbortSignal,
): AsyncGenerator<TimedLine[]> {
  const { reader } = source
  const { count, since, grep, level } = query
  const floor = since === undefined ? reader.start : lineStart(reader, reader.offsetAt(since))
  if (count === undefined) return yield* linesOf(source, floor, to, signal)
  const lastLines = (lines: number): number => Math.max(floor, reader.offsetOfLastLines(lines, to))
  if (grep === undefined && level === undefined) return yield* linesOf(source, lastLines(count), to, signal)
  // How far back the wanted lines lie is not known: it is looked at farther and farther.
  for (let lines = Math.max(1000, 4 * count); count > 0 && !signal.aborted; lines *= 8) {
    const from = lastLines(lines)
    let found: TimedLine[] = []
    for await (const block of linesOf(source, from, to, signal)) {
      for (const line of block) found.push(line)
      if (found.length > 2 * count) found = found.slice(-count)
    }
    if (found.length < count && from > Math.max(floor, reader.start)) continue
    yield found.slice(-count)
    return
  }
}

/** What the query keeps of the lines between two offsets. */
export async function* linesOf(
  { service, reader, keeps }: Source,
  from: number,
  to: number,
  signal: AbortSignal,
): AsyncGenerator<TimedLine[]> {
  for await (const block of logLines(reader, { from, to, direction: 'forward', signal })) {
    const lines = block.filter(keeps)
    yield lines.map(({ offset, raw }) => ({ service, raw, time: reader.timeAt(offset) }))
  }
}

/** Lines of several logs as they came; what the indexes can't tell apart (100 ms) stays together, log by log. */
export async function* merge(logs: readonly AsyncGenerator<TimedLine[]>[]): AsyncGenerator<TimedLine[]> {
  const heads: Head[] = []
  for (const log of logs) {
    const head = { log, block: [], at: 0, time: 0 }
    if (await refill(head)) heads.push(head)
  }
  while (heads.length > 0) {
    const [first, ...others] = heads.sort((a, b) => a.time - b.time)
    if (first === undefined) return
    const limit = others[0]?.time ?? Infinity
    const begin = first.at
    while (first.at < first.block.length && first.time <= limit) step(first)
    yield first.block.slice(begin, first.at)
    if (first.at === first.block.length && !(await refill(first))) heads.shift()
  }
}

/** Where the line begins that this offset lies in. */
export function lineStart(reader: LogReader, offset: number): number {
  if (offset <= reader.start || reader.read(offset - 1, 1)[0] === 10) return offset
  return reader.offsetOfLastLines(1, offset)
}

interface Head {
  readonly log: AsyncGenerator<TimedLine[]>
  block: TimedLine[]
  at: number
  /** Of the line at `at`; where it has none, of the one before. */
  time: number
}

async function refill(head: Head): Promise<boolean> {
  for (;;) {
    const { value, done } = await head.log.next()
    if (done === true) return false
    if (value.length === 0) continue
    head.block = value
    head.at = -1
    step(head)
    return true
  }
}

function step(head: Head): void {
  head.at += 1
  head.time = head.block[head.at]?.time ?? head.time
}

/** A line that says no level is an info, unless it is indented: then it goes on with the one before. */
function filterOf({ grep, level }: LogQuery): (line: LogLine) => boolean {
  const most = level === undefined ? Infinity : levels.indexOf(level)
  let rank = levels.indexOf('info')
  return ({ raw }) => {
    if (grep === undefined && level === undefined) return true
    const text = lineText(raw)
    if (level !== undefined && !/^\s/.test(text)) rank = levels.indexOf(levelOf(text) ?? 'info')
    return rank <= most && grep?.test(text) !== false
  }
}
