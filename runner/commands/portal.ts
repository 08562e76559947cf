import type { Io, Program } from '../../lib/io.ts'
import { ProblemError } from '../../lib/problem.ts'
import { messages } from '../messages.ts'
import { problems } from '../portal/messages.ts'
import { type Subcommand, usages } from '../portal/usages.ts'

const programs: Readonly<Record<Subcommand, () => Promise<{ run: Program }>>> = {
  ls: () => import('../portal/ls.ts'),
  show: () => import('../portal/show.ts'),
  submit: () => import('../portal/submit.ts'),
  wait: () => import('../portal/wait.ts'),
  retry: () => import('../portal/retry.ts'),
  cancel: () => import('../portal/cancel.ts'),
  share: () => import('../portal/share.ts'),
  gc: () => import('../portal/gc.ts'),
  top: () => import('../portal/top.ts'),
}

/** The queues of requests, in files: it all works whether the stack is up or not. */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  const [name = '', ...rest] = argv
  if (!Object.hasOwn(programs, name)) {
    const detail = name === '' || name.startsWith('-') ? 'say what to do.' : `there is no "portal ${name}".`
    throw new ProblemError(messages.badArguments(detail, Object.values(usages).join('\n         courante ')))
  }
  const { run: runSubcommand } = await programs[name as Subcommand]()
  try {
    return await runSubcommand(rest, io)
  } catch (error) {
    const { code, path } = error as NodeJS.ErrnoException
    // The disk is full, or the spool is another user's.
    if (code === undefined || path === undefined || !faults.has(code)) throw error
    throw new ProblemError(problems.spoolFault(path, code), { cause: error })
  }
}

const faults = new Set(['EACCES', 'EPERM', 'ENOSPC', 'EDQUOT', 'EROFS', 'ENOTDIR'])
