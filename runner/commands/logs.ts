import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { exit } from '../../lib/exit.ts'
import type { Io } from '../../lib/io.ts'
import { ProblemError } from '../../lib/problem.ts'
import { tail } from '../../lib/tail.ts'
import { messages } from '../messages.ts'
import { parseOptions, whereOptions } from '../options.ts'
import { knownRun } from '../run-context.ts'

const options = {
  ...whereOptions,
  follow: { type: 'boolean', short: 'f' },
  lines: { type: 'string', short: 'n', default: '100' },
} as const

/** Reads the raw log files, so that it also tells what happened in a run that has ended. */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  const { values, positionals } = parseOptions('logs', { args: [...argv], options, allowPositionals: true })
  const { home, services: known } = await knownRun(values, io)
  const stranger = positionals.find(name => !known.includes(name))
  if (stranger !== undefined) throw new ProblemError(messages.unknownService(stranger, known))
  const count = Number(values.lines)
  if (!Number.isSafeInteger(count) || count < 0) {
    throw new ProblemError(
      messages.badArguments(`-n takes a whole number, not "${values.lines}".`, 'logs -n 100'),
    )
  }
  const names = positionals.length > 0 ? positionals : known
  const width = Math.max(...names.map(name => name.length))
  const write = (name: string, line: string): void => {
    const text =
      io.stdout.isTTY === true ? line.replace(/\r$/, '') : stripVTControlCharacters(line).replace(/\r$/, '')
    io.stdout.write(names.length === 1 ? `${text}\n` : `${name.padEnd(width)} | ${text}\n`)
  }
  const path = (name: string): string => join(home, 'logs', `${name}.log`)
  if (values.follow === true) {
    await Promise.all(
      names.map(async name => {
        for await (const { line } of tail(path(name), { from: { lines: count }, signal: io.signal }))
          write(name, line)
      }),
    )
  } else {
    for (const name of names) for (const line of await lastLines(path(name), count)) write(name, line)
  }
  return exit.ok
}

/** The last lines of a file, from its last 4 MiB at most; none if it isn't there. */
async function lastLines(path: string, count: number): Promise<string[]> {
  try {
    await using file = await open(path)
    const { size } = await file.stat()
    const start = Math.max(0, size - 4 * 1024 * 1024)
    const bytes = Buffer.alloc(size - start)
    await file.read(bytes, 0, bytes.length, start)
    const lines = bytes.toString().split('\n')
    if (lines.at(-1) === '') lines.pop()
    return count === 0 ? [] : lines.slice(-count)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}
