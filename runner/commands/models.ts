import { exitCodeOf, type Io, type Program } from '../../lib/io.ts'
import { ProblemError } from '../../lib/problem.ts'
import { isTerminal } from '../is-terminal.ts'
import { messages } from '../messages.ts'
import { problems } from '../portal/messages.ts'
import { type Subcommand, usages } from '../models/usages.ts'

const programs: Readonly<Record<Subcommand, Load>> = {
  ls: () => import('../models/ls.ts'),
  ps: () => import('../models/ps.ts'),
  show: () => import('../models/show.ts'),
  load: () => import('../models/load.ts'),
  unload: () => import('../models/unload.ts'),
  pin: () => import('../models/pin.ts'),
  unpin: () => import('../models/unpin.ts'),
  default: () => import('../models/default.ts'),
  pull: () => import('../models/pull.ts'),
  add: () => import('../models/add.ts'),
  verify: () => import('../models/verify.ts'),
  rm: () => import('../models/rm.ts'),
}

/** Which models there are, and what is done with them. Without a word: a menu on a terminal, else the list. */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  const [program, words] = chooseProgram(argv, io)
  const { run: runSubcommand } = await program()
  try {
    return await runSubcommand(words, io)
  } catch (error) {
    if (error instanceof ProblemError) throw error
    if (io.signal.aborted) return exitCodeOf(String(io.signal.reason))
    const { code, path } = error as NodeJS.ErrnoException
    // The disk is full, or the portal is another user's.
    if (code === undefined || path === undefined || !faults.has(code)) throw error
    throw new ProblemError(problems.spoolFault(path, code), { cause: error })
  }
}

const faults = new Set(['EACCES', 'EPERM', 'ENOSPC', 'EDQUOT', 'EROFS', 'ENOTDIR'])

type Load = () => Promise<{ run: Program }>

function chooseProgram(argv: readonly string[], io: Io): [Load, readonly string[]] {
  const [name = '', ...rest] = argv
  if (name === '' || name.startsWith('-')) {
    const isMenu = isTerminal(io) && !argv.includes('--json') && !argv.includes('--all')
    return [isMenu ? () => import('../models/choose.ts') : programs.ls, argv]
  }
  if (Object.hasOwn(programs, name)) return [programs[name as Subcommand], rest]
  const detail = `there is no "models ${name}".`
  throw new ProblemError(messages.badArguments(detail, Object.values(usages).join('\n         courante ')))
}
