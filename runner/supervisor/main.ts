import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { exit } from '../../lib/exit.ts'
import { identify } from '../../lib/process-identity.ts'
import { formatProblem, ProblemError } from '../../lib/problem.ts'
import { removeIfEmpty } from '../../lib/remove-if-empty.ts'
import { makeSocketDir } from '../../lib/socket-dir.ts'
import type { Stack } from '../stack/model.ts'
import { endConsole } from './console-session.ts'
import { Control } from './control.ts'
import { EventHub } from './event-hub.ts'
import { Guard } from '../../lib/guard.ts'
import { openKeyPipe } from './keys.ts'
import { LogFile } from './log-file.ts'
import { keepLogs } from './log-keeper.ts'
import { PaneLogs } from './pane-logs.ts'
import { notices, problems } from './messages.ts'
import { loadSpawn, type Spawn } from './spawn.ts'
import { claimSupervisorFile, removeIfThere, supervisorFilePath } from './state-file.ts'
import { Supervisor } from './supervisor.ts'
import { sweepStaleRun } from './sweep.ts'

/** What the supervisor has of its process. */
export interface SupervisorIo {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Told once, with the socket's path, when commands can reach it. */
  readonly onListening: (socketPath: string) => void
  readonly onProblem: (text: string) => void
  /** Calls back at each SIGTERM and SIGINT. */
  readonly onSignal: (stop: () => void) => void
}

/** The supervisor: `main.ts <home>/run/stack.json`. Runs the stack until it is told to stop, and leaves nothing. */
export async function run(argv: readonly string[], io: SupervisorIo): Promise<number> {
  try {
    const [spawn, stack] = await Promise.all([load(), readStack(argv[0] ?? '')])
    await supervise(stack, spawn, io)
    return exit.ok
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error
    io.onProblem(formatProblem(error.problem))
    return error.problem.exit
  }
}

async function supervise(stack: Stack, spawn: Spawn, io: SupervisorIo): Promise<void> {
  const identity = identify(process.pid)
  if (identity === undefined) throw new Error('a process that does not find itself')
  await mkdir(join(stack.home, 'logs'), { recursive: true })
  await mkdir(join(stack.home, 'run'), { recursive: true })
  const left = await sweepStaleRun(stack.home)
  if (left.type === 'running') throw new ProblemError(problems.alreadyRunning(left.pid))
  makeSocketDir(stack.sockets)
  const claim = await claimSupervisorFile(stack.home, {
    version: 1,
    identity,
    run: stack.run,
    sockets: stack.sockets,
  })
  if (!claim.claimed) throw new ProblemError(problems.alreadyRunning(claim.pid))

  const hub = new EventHub()
  const tell = (text: string): void => hub.emit({ type: 'notice', text })
  const panes = new PaneLogs(stack, hub)
  const guard = new Guard(
    { mark: `COURANTE_RUN=${stack.run}`, tmux: stack.consoleSocket, path: io.env['PATH'] ?? '' },
    detail => tell(notices.guardTrouble(detail)),
  )
  const logOf = (service: string): LogFile =>
    new LogFile({
      folder: join(stack.home, 'logs'),
      service,
      limits: stack.logs,
      now: Date.now,
      onTrouble: error => tell(notices.logTrouble(service, error.message)),
      onAppend: (chunk, start, end) => {
        panes.append(service, chunk)
        if (end > start) hub.output(service, start, end)
      },
    })
  const supervisor = new Supervisor(hub, logOf, { stack, env: io.env, spawn, guard })
  const keep = (): unknown => keepLogs(join(stack.home, 'logs'), stack.logs, Date.now())
  keep()
  const keeping = setInterval(keep, 3_600_000)
  io.onSignal(() => supervisor.stopByHand())
  const socketPath = join(stack.sockets, 'control.sock')
  const keysPath = join(stack.sockets, 'keys')
  const control = await Control.listen(socketPath, supervisor, panes)
  const keys = openKeyPipe(keysPath, key => supervisor.press(key)).catch((error: Error) =>
    tell(notices.keysTrouble(error.message)),
  )
  supervisor.begin()
  io.onListening(socketPath)

  await supervisor.finished
  clearInterval(keeping)
  if (stack.consoleSocket !== undefined) await endConsole(stack.consoleSocket)
  ;(await keys)?.close()
  await removeIfThere(keysPath)
  await guard.end()
  await removeIfThere(supervisorFilePath(stack.home))
  hub.emit({ type: 'stopped', ...supervisor.outcome })
  await control.close()
  removeIfEmpty(stack.sockets)
}

async function load(): Promise<Spawn> {
  try {
    return await loadSpawn()
  } catch (error) {
    throw new ProblemError(problems.noPty((error as Error).message), { cause: error })
  }
}

/** Written and checked by `up`, a moment ago: only its being there and being whole can fail. */
async function readStack(path: string): Promise<Stack> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Stack
  } catch (error) {
    throw new ProblemError(problems.noStackFile(path, (error as Error).message), { cause: error })
  }
}

if (import.meta.main) {
  // Not runMain of lib/io.ts: here a closed terminal (SIGHUP) means nothing, and a second signal kills the services.
  process.on('SIGHUP', () => undefined)
  // Whoever started us may have gone before it read the line.
  process.stdout.on('error', () => undefined)
  process.exitCode = await run(process.argv.slice(2), {
    env: process.env,
    onListening: path => process.stdout.write(`listening ${path}\n`),
    onProblem: text => process.stderr.write(text),
    onSignal: stop => {
      process.on('SIGTERM', stop)
      process.on('SIGINT', stop)
    },
  })
}
