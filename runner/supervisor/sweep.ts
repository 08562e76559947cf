import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { isAlive } from '../../lib/process-identity.ts'
import { removeIfEmpty } from '../../lib/remove-if-empty.ts'
import { commandOf, processesWith, signalProcess } from './group.ts'
import { endConsole } from './console-session.ts'
import { readSupervisorFile, removeIfThere, supervisorFilePath } from './state-file.ts'

export type Sweep =
  /** Nothing was left over. */
  | { type: 'clean' }
  /** A supervisor lives; nothing was touched. */
  | { type: 'running'; pid: number; sockets: string }
  /** One had been killed; these processes of its run were still there and are not any more. */
  | { type: 'swept'; ended: { pid: number; command: string }[] }

/** Ends what a killed supervisor left over in this home, and removes its files. To be called before a new run. */
export async function sweepStaleRun(home: string): Promise<Sweep> {
  const file = await readSupervisorFile(home)
  if (file === undefined) {
    await removeIfThere(supervisorFilePath(home))
    return { type: 'clean' }
  }
  if (isAlive(file.identity)) return { type: 'running', pid: file.identity.pid, sockets: file.sockets }
  const ended = await endRun(file.run)
  await endConsole(join(file.sockets, 'tmux'))
  for (const name of ['control.sock', 'keys', 'keys.new']) await removeIfThere(join(file.sockets, name))
  removeIfEmpty(file.sockets)
  await removeIfThere(supervisorFilePath(home))
  return { type: 'swept', ended }
}

/** Kills every process of a run until none is seen twice in a row. The id, not a pid, says who belongs to it: a pid may be a stranger's by now. */
export async function endRun(run: string): Promise<{ pid: number; command: string }[]> {
  const ended = new Map<number, string>()
  let quiet = 0
  for (let rounds = 0; quiet < 2 && rounds < 200; rounds++) {
    const found = processesWith(`COURANTE_RUN=${run}`)
    for (const pid of found) {
      ended.set(pid, commandOf(pid))
      signalProcess(pid, 'SIGKILL')
    }
    quiet = found.length === 0 ? quiet + 1 : 0
    if (quiet < 2) await delay(ended.size === 0 ? 0 : 10)
  }
  return [...ended].map(([pid, command]) => ({ pid, command }))
}
