import { once } from 'node:events'
import { join } from 'node:path'
import { Bell } from '../../lib/bell.ts'
import { exit } from '../../lib/exit.ts'
import type { Io } from '../../lib/io.ts'
import { ProblemError } from '../../lib/problem.ts'
import { watchFolder } from '../../lib/watch-folder.ts'
import { lineStart, linesOf, merge, select, sourceOf, type LogQuery, type TimedLine } from '../log-query.ts'
import { formatTime, parseTime } from '../log-times.ts'
import { messages } from '../messages.ts'
import { parseOptions, whereOptions } from '../options.ts'
import { knownRun } from '../run-context.ts'
import { levels } from '../supervisor/log-level.ts'
import { colouredText, lineText } from '../supervisor/log-lines.ts'
import { LogReader } from '../supervisor/log-reader.ts'
import { loggedServices } from '../supervisor/log-segments.ts'
import { commands } from './index.ts'

const options = {
  ...whereOptions,
  follow: { type: 'boolean', short: 'f' },
  lines: { type: 'string', short: 'n' },
  since: { type: 'string' },
  until: { type: 'string' },
  grep: { type: 'string' },
  level: { type: 'string' },
  timestamps: { type: 'boolean' },
  json: { type: 'boolean' },
} as const

type Values = ReturnType<typeof parse>['values']

/** Reads the log files themselves, so that it also tells what happened in runs that have ended. */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  const { values, positionals } = parse(argv)
  const query = queryOf(values, Date.now())
  const { home, services } = await knownRun(values, io)
  const folder = join(home, 'logs')
  // A service that the stack file has no more can still be asked for; unasked, it is history.
  const known = [...new Set([...services, ...loggedServices(folder)])]
  const stranger = positionals.find(name => !known.includes(name))
  if (stranger !== undefined) throw new ProblemError(messages.unknownService(stranger, known))

  const names = positionals.length > 0 ? [...new Set(positionals)] : services
  const sources = names.map(name => sourceOf(name, new LogReader(folder, name), query))
  const format = formatOf(values, names, io)
  const print = async (lines: AsyncGenerator<TimedLine[]>): Promise<void> => {
    for await (const block of lines) {
      const text = block.map(format).join('')
      if (text !== '' && !io.stdout.write(text)) await drained(io)
      if (io.signal.aborted) return
    }
  }
  const bell = new Bell()
  const watcher = values.follow === true ? watchFolder(folder, () => bell.ring()) : undefined
  io.signal.addEventListener('abort', () => bell.ring(), { once: true })
  try {
    // Half a line can still become another one, so who follows gets it when it is whole.
    const whole = ({ reader }: (typeof sources)[number]): number => lineStart(reader, reader.end)
    const ends = sources.map(source => {
      if (query.until !== undefined) return lineStart(source.reader, source.reader.offsetAt(query.until))
      return values.follow === true ? whole(source) : source.reader.end
    })
    await print(merge(sources.map((source, at) => select(source, query, ends[at] ?? 0, io.signal))))
    while (values.follow === true && !io.signal.aborted) {
      await bell.wait(1000)
      const news = sources.map((source, at) => {
        const from = ends[at] ?? 0
        source.reader.refresh()
        ends[at] = Math.max(from, whole(source))
        return linesOf(source, from, ends[at], io.signal)
      })
      await print(merge(news))
    }
  } finally {
    watcher?.close()
    for (const { reader } of sources) reader.close()
  }
  return exit.ok
}

function parse(argv: readonly string[]) {
  return parseOptions('logs', { args: [...argv], options, allowPositionals: true })
}

function queryOf(values: Values, now: number): LogQuery {
  const wrong = (detail: string): ProblemError =>
    new ProblemError(messages.badArguments(detail, commands['logs']?.usage ?? 'logs'))
  const { since, until, grep, level: wanted } = values
  const lines = values.lines ?? (since === undefined && until === undefined ? '100' : undefined)
  if (lines !== undefined && !/^\d{1,15}$/.test(lines))
    throw wrong(`-n takes a whole number, not "${lines}".`)
  const level = levels.find(name => name === wanted)
  if (wanted !== undefined && level === undefined)
    throw wrong(`--level takes ${levels.join(', ')}, not "${wanted}".`)
  if (values.follow === true && until !== undefined) throw wrong('-f has no end, and --until is one.')
  return {
    ...(lines === undefined ? {} : { count: Number(lines) }),
    ...(since === undefined ? {} : { since: timeOf('--since', since, now) }),
    ...(until === undefined ? {} : { until: timeOf('--until', until, now) }),
    ...(grep === undefined ? {} : { grep: patternOf(grep) }),
    ...(level === undefined ? {} : { level }),
  }
}

function timeOf(option: string, value: string, now: number): number {
  const time = parseTime(value, now)
  if (time === undefined) throw new ProblemError(messages.badTime(option, value))
  return time
}

function patternOf(value: string): RegExp {
  try {
    return new RegExp(value)
  } catch (error) {
    const reason = (error as Error).message.replace(/^.*: /, '').toLowerCase()
    throw new ProblemError(messages.badPattern(value, reason), { cause: error })
  }
}

function formatOf(values: Values, names: readonly string[], io: Io): (line: TimedLine) => string {
  if (values.json === true) {
    return ({ service, time, raw }) =>
      `${JSON.stringify({ service, time: time === undefined ? null : new Date(time).toISOString(), text: lineText(raw) })}\n`
  }
  const shown = io.stdout.isTTY === true && io.env['NO_COLOR'] === undefined ? colouredText : lineText
  const width = Math.max(...names.map(name => name.length))
  return ({ service, time, raw }) => {
    const stamp = values.timestamps === true ? `${time === undefined ? unknownTime : formatTime(time)} ` : ''
    const label = names.length === 1 ? '' : `${service.padEnd(width)} | `
    return `${stamp}${label}${shown(raw)}\n`
  }
}

const unknownTime = '-'.padEnd('2026-11-21T09:00:00.000'.length)

/** Until the reader has taken what was written, or has gone away. */
async function drained(io: Io): Promise<void> {
  try {
    await once(io.stdout, 'drain', { signal: io.signal })
  } catch (error) {
    if (!io.signal.aborted) throw error
  }
}
