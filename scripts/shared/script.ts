import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { parseArgs, type ParseArgsConfig } from 'node:util'
import { exit } from '../../lib/exit.ts'
import { exitCodeOf, type Io, type Program } from '../../lib/io.ts'
import { formatProblem, type Problem, ProblemError } from '../../lib/problem.ts'

/**
 * A command of scripts/: `--help` tells the first line of its file, a problem is printed and becomes the exit code, and
 * what the signal interrupted ends with that signal's code.
 */
export function script(file: string, program: Program): Program {
  return async (argv, io) => {
    const end = argv.indexOf('--')
    const own = end < 0 ? argv : argv.slice(0, end)
    if (own.includes('--help') || own.includes('-h')) {
      const [usage = ''] = (await readFile(file, 'utf8')).split('\n')
      io.stdout.write(`courante ${usage.replace(/^\/\/ /, '').replace(': ', '\n  ')}\n`)
      return exit.ok
    }
    try {
      return await program(argv, io)
    } catch (error) {
      if (io.signal.aborted && error === io.signal.reason) return exitCodeOf(String(error))
      if (!(error instanceof ProblemError)) throw error
      io.stderr.write(formatProblem(error.problem))
      return error.problem.exit
    }
  }
}

type Usage = (detail: string) => Problem

/** `parseArgs`, whose complaints become a problem. */
export function parseOptions<const T extends ParseArgsConfig>(
  config: T,
  usage: Usage,
): ReturnType<typeof parseArgs<T>> {
  try {
    return parseArgs(config)
  } catch (error) {
    // The first sentence says what is wrong; the rest is Node's advice on its own syntax.
    throw new ProblemError(usage((error as Error).message.split('. ')[0] ?? ''), { cause: error })
  }
}

/** A number that an option gives, if it is given. */
export function numberOption(
  name: string,
  text: string | undefined,
  range: { readonly min: number; readonly max: number; readonly whole?: boolean },
  usage: Usage,
): number | undefined {
  if (text === undefined) return undefined
  const number = text.trim() === '' ? NaN : Number(text)
  const { min, max, whole = false } = range
  if (number >= min && number <= max && (!whole || Number.isInteger(number))) return number
  const kind = whole ? 'a whole number' : 'a number'
  const bounds = max >= Number.MAX_SAFE_INTEGER ? `from ${min} on` : `from ${min} to ${max}`
  throw new ProblemError(usage(`--${name} takes ${kind} ${bounds}, and not ${JSON.stringify(text)}`))
}

/** The home of the run that a command talks to: `--home`, the environment, or ours. */
export function homeOf(option: string | undefined, io: Io): string {
  const given = option === undefined ? io.env['COURANTE_HOME'] : resolve(io.cwd, option)
  return resolve(given ?? join(import.meta.dirname, '../../var'))
}
