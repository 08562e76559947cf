import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { exit } from '../../lib/exit.ts'
import type { Io, Program } from '../../lib/io.ts'
import { formatProblem, ProblemError } from '../../lib/problem.ts'

/** A command of scripts/: `--help` tells the first line of its file, and a problem is printed and becomes the exit code. */
export function script(file: string, program: Program): Program {
  return async (argv, io) => {
    if (argv.includes('--help') || argv.includes('-h')) {
      const [usage = ''] = (await readFile(file, 'utf8')).split('\n')
      io.stdout.write(`courante ${usage.replace(/^\/\/ /, '').replace(': ', '\n  ')}\n`)
      return exit.ok
    }
    try {
      return await program(argv, io)
    } catch (error) {
      if (!(error instanceof ProblemError)) throw error
      io.stderr.write(formatProblem(error.problem))
      return error.problem.exit
    }
  }
}

/** The home of the run that a command talks to: `--home`, the environment, or ours. */
export function homeOf(option: string | undefined, io: Io): string {
  const given = option === undefined ? io.env['COURANTE_HOME'] : resolve(io.cwd, option)
  return resolve(given ?? join(import.meta.dirname, '../../var'))
}

/** The first sentence of what Node says about wrong arguments; the rest is advice on its own syntax. */
export function firstSentence(error: unknown): string {
  return (error as Error).message.split('. ')[0] ?? ''
}
