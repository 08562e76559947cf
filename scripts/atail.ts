// atail [-f|-F] [-n LINES|+LINE] [-r] [-q|-v] [-s SECONDS] [--rewind] [FILE…]: the end of files, and what comes, through rotation and truncation
import { fstatSync } from 'node:fs'
import { exit } from '../lib/exit.ts'
import { follow, type FollowEvent, type FollowOptions } from '../lib/follow.ts'
import { exitCodeOf, type Io, runMain } from '../lib/io.ts'
import { startOfLastPieces, startOfLine } from '../lib/line-starts.ts'
import { formatProblem, ProblemError } from '../lib/problem.ts'
import { Output, OutputGone } from './atail/output.ts'
import { backwards } from './atail/backwards.ts'
import { type Range, rangeOf } from './atail/range.ts'
import { lastOf } from './atail/stream.ts'
import { atailNotes as notes, atailProblems as problems } from './shared/messages.ts'
import { numberOption, parseOptions, script } from './shared/script.ts'

/** `-` is what comes in at stdin; where that is a file, it is one like others. */
const stdinPath = '/dev/stdin'

export const run = script(import.meta.filename, async (argv, io) => {
  const { positionals, values } = parseOptions(
    {
      args: argv,
      options: {
        follow: { type: 'boolean', short: 'f', default: false },
        name: { type: 'boolean', short: 'F', default: false },
        lines: { type: 'string', short: 'n' },
        reverse: { type: 'boolean', short: 'r', default: false },
        quiet: { type: 'boolean', short: 'q', default: false },
        verbose: { type: 'boolean', short: 'v', default: false },
        sleep: { type: 'string', short: 's' },
        rewind: { type: 'boolean', default: false },
      },
      allowPositionals: true,
    },
    problems.usage,
  )
  const by = values.name ? 'name' : values.follow ? 'descriptor' : 'once'
  if (values.reverse && by !== 'once')
    throw new ProblemError(problems.usage('-r has an end, and -f has none'))
  if (values.rewind && by === 'once') throw new ProblemError(problems.usage('--rewind goes with -f or -F'))
  const names = positionals.length === 0 ? ['-'] : positionals
  if (by === 'name' && names.includes('-')) throw new ProblemError(problems.stdinByName())
  const range =
    values.lines === undefined ? (values.reverse ? { from: 1 } : { last: 10 }) : rangeOf(values.lines)
  if (range === undefined)
    throw new ProblemError(
      problems.usage(`-n takes a number, or +number, not ${JSON.stringify(values.lines)}`),
    )
  const seconds = numberOption('sleep', values.sleep, { min: 0.001, max: 86_400 }, problems.usage)
  const headers = values.verbose || (names.length > 1 && !values.quiet)
  const output = new Output(io, headers)
  try {
    if (values.reverse) return await reverse(names, range, output, io)
    const rescanMs = seconds === undefined ? {} : { rescanMs: seconds * 1000 }
    return await show(names, { by, range, output, io, rewind: values.rewind, ...rescanMs })
  } catch (error) {
    if (!(error instanceof OutputGone)) throw error
    // As everywhere: in silence, with the code of a hang-up.
    return exitCodeOf('SIGHUP')
  }
})

interface Showing {
  readonly by: FollowOptions['by']
  readonly range: Range
  readonly output: Output
  readonly io: Io
  readonly rewind: boolean
  readonly rescanMs?: number
}

async function show(names: readonly string[], showing: Showing): Promise<number> {
  const { by, range, output, io } = showing
  const start = (file: number, size: number): number =>
    'from' in range ? startOfLine(file, range.from) : startOfLastPieces(file, size, range.last)
  let code: number = exit.ok
  const complain = (name: string, reason: string): void => {
    io.stderr.write(formatProblem(problems.unreadable(name, reason)))
    if (by !== 'name') code = exit.failed
  }
  // By one each, so that a pipe among them keeps its place.
  const begin = async (name: string): Promise<void> => {
    if (name === '-' && !stdinIsFile()) return pipe(name, io.stdin, showing)
    const path = name === '-' ? stdinPath : name
    for await (const event of follow([path], { by: 'once', start, signal: io.signal })) {
      if (event.type === 'bytes') await output.write(event.bytes)
      if (event.type === 'found') await output.begin(shown(name))
      if (event.type !== 'gone') continue
      if (event.code === 'ENOTREG') await pipe(name, path, showing)
      else complain(name, event.code)
    }
  }
  if (by === 'once') {
    for (const name of names) await begin(name)
    io.signal.throwIfAborted()
    return code
  }
  const piped = names.filter(name => name === '-' && !stdinIsFile())
  for (const name of piped) await begin(name)
  const files = names.filter(name => !piped.includes(name)).map(name => (name === '-' ? stdinPath : name))
  const started = new Set<string>()
  const { rescanMs, rewind } = showing
  const options = { by, start, signal: io.signal, ...(rescanMs === undefined ? {} : { rescanMs }) }
  for await (const event of follow(files, options)) {
    const isFirst = !started.has(event.file) && started.add(event.file) !== undefined
    if (isFirst && event.type === 'gone') complain(shown(event.file), event.code)
    else await pass(event, isFirst, { output, io, rewind })
  }
  io.signal.throwIfAborted()
  if (files.length > 0) io.stderr.write(`${notes.noneLeft}\n`)
  return code
}

async function pass(
  event: FollowEvent,
  isFirst: boolean,
  { output, io, rewind }: { readonly output: Output; readonly io: Io; readonly rewind: boolean },
): Promise<void> {
  const name = shown(event.file)
  switch (event.type) {
    case 'bytes':
      await output.under(name)
      return output.write(event.bytes)
    case 'found':
      if (isFirst) return output.begin(name)
      io.stderr.write(`${notes.found(name)}\n`)
      return
    case 'gone':
      io.stderr.write(`${notes.gone(name, event.code)}\n`)
      return
    case 'rewind':
      io.stderr.write(`${notes.rewind(name, event.why)}\n`)
      if (rewind) await output.write(Buffer.from(notes.fromItsStart(name)))
      return
  }
}

async function pipe(name: string, from: string | Io['stdin'], { range, output, io }: Showing): Promise<void> {
  await output.begin(shown(name))
  for await (const bytes of lastOf(from, range, io.signal)) await output.write(bytes)
}

async function reverse(names: readonly string[], range: Range, output: Output, io: Io): Promise<number> {
  let code: number = exit.ok
  for (const name of names) {
    const source = name === '-' ? io.stdin : name
    try {
      let first = true
      for await (const bytes of backwards(source, range, io.signal)) {
        if (first) await output.begin(shown(name))
        first = false
        await output.write(bytes)
      }
    } catch (error) {
      const { code: reason } = error as NodeJS.ErrnoException
      if (typeof reason !== 'string' || io.signal.aborted || error instanceof OutputGone) throw error
      io.stderr.write(formatProblem(problems.unreadable(name, reason)))
      code = exit.failed
    }
  }
  return code
}

const shown = (name: string): string => (name === '-' || name === stdinPath ? 'standard input' : name)

function stdinIsFile(): boolean {
  return fstatSync(0).isFile()
}

if (import.meta.main) await runMain(run)
