import { parseLine, plainStyle, type LogRun, type LogStyle } from './ansi.ts'

export interface LogLine {
  /** Counts from the first line that was ever shown; stays with its line. */
  readonly number: number
  readonly runs: readonly LogRun[]
}

/** The end of a service's log as it grows. */
export interface Log {
  readonly lines: readonly LogLine[]
  /** What came after the last line's end. */
  readonly rest: string
  readonly style: LogStyle
}

export const emptyLog: Log = { lines: [], rest: '', style: plainStyle }

/** So many lines are kept; the file has the others. */
export const keptLogLines = 5000
/** A line without an end, such as binary data, is broken here. */
const longestLine = 10_000

export function addOutput(log: Log, output: string, kept = keptLogLines): Log {
  const parts = (log.rest + output).split('\n')
  const rest = parts.pop() ?? ''
  if (rest.length > longestLine) {
    parts.push(rest)
    return addLines(log, parts, '', kept)
  }
  return addLines(log, parts, rest, kept)
}

function addLines(log: Log, texts: readonly string[], rest: string, kept: number): Log {
  let { style } = log
  let number = (log.lines.at(-1)?.number ?? -1) + 1
  const added = texts.map(text => {
    const parsed = parseLine(text.slice(0, longestLine), style)
    style = parsed.style
    return { number: number++, runs: parsed.runs }
  })
  return { lines: added.length === 0 ? log.lines : [...log.lines, ...added].slice(-kept), rest, style }
}

export function textOf({ runs }: LogLine): string {
  return runs.map(({ text }) => text).join('')
}

/** Lines in which these words stand, in any case; all for none. */
export function matching(lines: readonly LogLine[], filter: string): readonly LogLine[] {
  const wanted = filter.trim().toLowerCase()
  return wanted === '' ? lines : lines.filter(line => textOf(line).toLowerCase().includes(wanted))
}
