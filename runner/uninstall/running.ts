import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { isAlive } from '../../lib/process-identity.ts'
import { ProblemError } from '../../lib/problem.ts'
import { textOf } from '../../lib/reachable.ts'
import { connect } from '../supervisor/control-client.ts'
import { lookAtPartials } from '../doctor/partials.ts'
import { readSupervisorFile } from '../supervisor/state-file.ts'
import { problems } from './messages.ts'
import type { Place } from './place.ts'

/** Throws a ProblemError while the stack runs, is just ending, or another one runs on the program that is to go. */
export async function checkNotRunning({ home, sockets, isOwn, root, modelsDir }: Place): Promise<void> {
  const file = await readSupervisorFile(home).catch((error: unknown) => {
    const { code, path } = error as NodeJS.ErrnoException
    if (code === undefined || path === undefined) throw error
    throw new ProblemError(problems.notRemoved([{ path, reason: code }]), { cause: error })
  })
  if (file !== undefined && isAlive(file.identity))
    throw new ProblemError(problems.running(home, file.identity.pid))
  const connection = await connect(join(sockets, 'control.sock'))
  if (connection.running) throw new ProblemError(problems.running(home, connection.status.supervisor))
  if (connection.reason === 'no_answer') throw new ProblemError(problems.running(home, undefined))
  const other = isOwn ? supervisorsOf(root)[0] : undefined
  const [download] = lookAtPartials(modelsDir).owners
  if (download !== undefined) throw new ProblemError(problems.downloads(download))
  if (other !== undefined) throw new ProblemError(problems.runsFromHere(root, other))
}

/** Supervisors of any stack that run on this folder's program. Linux only; elsewhere none are found. */
function supervisorsOf(root: string): number[] {
  const program = join(root, 'runner/supervisor/main.ts')
  if (process.platform !== 'linux') return []
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name) && textOf(`/proc/${name}/cmdline`).split('\0').includes(program))
    .map(Number)
}
