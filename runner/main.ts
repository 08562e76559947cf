import { commands } from './commands/index.ts'
import { runMain, type Io } from '../lib/io.ts'
import { formatProblem, ProblemError } from '../lib/problem.ts'
import { messages } from './messages.ts'

/** `courante <command> …`, for every command but those of scripts/, which setup.sh starts by itself. */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  const [first = 'help', ...rest] = argv
  const name = first === '--help' || first === '-h' ? 'help' : first === '--version' ? 'version' : first
  const command = commands[name]
  try {
    if (command === undefined) throw new ProblemError(messages.unknownCommand(name))
    if (rest.includes('--help') || rest.includes('-h')) {
      io.stdout.write(`courante ${command.usage}\n  ${command.summary}\n`)
      return 0
    }
    const { run: runCommand } = await command.load()
    return await runCommand(rest, io)
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error
    io.stderr.write(formatProblem(error.problem))
    return error.problem.exit
  }
}

if (import.meta.main) await runMain(run)
