import { parseArgs, type ParseArgsConfig } from 'node:util'
import { ProblemError } from '../lib/problem.ts'
import { commands } from './commands/index.ts'
import { messages } from './messages.ts'

/** Options that every command on a run takes. */
export const whereOptions = { stack: { type: 'string' }, home: { type: 'string' } } as const

/** Parses a command's arguments; a wrong one is a problem with the command's usage. */
export function parseOptions<T extends ParseArgsConfig>(
  command: string,
  config: T,
): ReturnType<typeof parseArgs<T>> {
  try {
    return parseArgs(config)
  } catch (error) {
    const usage = commands[command]?.usage ?? command
    throw new ProblemError(messages.badArguments((error as Error).message.split('. ')[0] ?? '', usage), {
      cause: error,
    })
  }
}
