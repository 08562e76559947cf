import { spawn, type ChildProcess } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, open, readFile, rmdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { writeFileAtomic } from '../lib/atomic-write.ts'
import type { Io } from '../lib/io.ts'
import { ProblemError } from '../lib/problem.ts'
import { makeSocketDir } from '../lib/socket-dir.ts'
import { messages } from './messages.ts'
import type { RunContext } from './run-context.ts'
import type { Stack } from './stack/model.ts'
import { resolveStack, type RunOptions } from './stack/resolve.ts'
import { connect, type ControlClient } from './supervisor/control-client.ts'
import { startPaneLogs } from './supervisor/pane-log.ts'
import { portHolder } from './supervisor/ports.ts'

/** Throws a ProblemError for the first port of the stack that somebody else holds, and says who. */
export async function checkPorts(services: Stack['services']): Promise<void> {
  for (const [name, { port }] of Object.entries(services)) {
    const holder = port === undefined ? undefined : await portHolder(port)
    if (port === undefined || holder === undefined) continue
    const who = holder === 'unknown' ? "another user's program" : `${holder.command} (pid ${holder.pid})`
    throw new ProblemError(messages.portBusy(name, port, who))
  }
}

/** Throws a ProblemError if the run's home can't be made or written. Nothing stays written. */
export async function checkHome({ places }: RunContext): Promise<void> {
  let path = places.home
  for (;;) {
    try {
      // The only sure test is to do it. Trap: a recursive mkdir below /proc never returns.
      await rmdir(await mkdtemp(join(path, '.courante-')))
      return
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code !== 'ENOENT' || path === dirname(path) || existsSync(path)) {
        throw new ProblemError(messages.homeUnwritable(places.home, code ?? String(error)), { cause: error })
      }
      path = dirname(path)
    }
  }
}

/** Makes the run's folders, its empty transcript, and the resolved stack that the supervisor reads. */
export async function prepareRun(context: RunContext, options: RunOptions): Promise<Stack> {
  const { places } = context
  const stack = newStack(context, options)
  try {
    // What people said and what services printed is nobody else's business.
    for (const folder of ['logs', 'run']) {
      await mkdir(join(places.home, folder), { recursive: true })
      await chmod(join(places.home, folder), 0o700)
    }
    if (places.transcript !== undefined) {
      await mkdir(dirname(places.transcript), { recursive: true })
      await (await open(places.transcript, 'a', 0o600)).close()
    }
    if (stack.paneLogs) startPaneLogs(stack)
    // The environment of services may hold secrets.
    await writeFileAtomic(stackPath(context), `${JSON.stringify(stack, null, 2)}\n`, { mode: 0o600 })
    makeSocketDir(stack.sockets)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    throw new ProblemError(messages.homeUnwritable(places.home, code ?? message), { cause: error })
  }
  return stack
}

/** The stack as a run that begins now would have it. Throws a ProblemError for a profile or service that is not there. */
export function newStack({ loaded, places, sockets }: RunContext, options: RunOptions): Stack {
  return resolveStack(loaded, places, { id: randomUUID(), sockets }, options)
}

/** Whether the stack file says something else by now than the run that is going on was started with. */
export async function isOutdated(context: RunContext): Promise<boolean> {
  const running = await runningStack(context)
  const now = servicesNow(context, running.profiles)
  // What the run left out belongs to another profile, or `--exit-on` changed it.
  return Object.entries(running.services).some(
    ([name, service]) => name !== running.exitOn && JSON.stringify(now[name]) !== JSON.stringify(service),
  )
}

/** None where the stack file, as it is by now, can't start such a run: its profile is gone, or an env_file. */
function servicesNow(context: RunContext, profiles: readonly string[]): Stack['services'] {
  try {
    return newStack(context, { profiles }).services
  } catch (error) {
    if (error instanceof ProblemError) return {}
    throw error
  }
}

/** The stack of the run that is going on, as it was when it began. */
export async function runningStack(context: RunContext): Promise<Stack> {
  return JSON.parse(await readFile(stackPath(context), 'utf8')) as Stack
}

/**
 * Starts the supervisor in a session of its own, so that neither Ctrl-C nor a closing terminal reaches it, and resolves
 * when it answers. Rejects with a ProblemError that holds its last words if it ends before.
 */
export async function startSupervisor(stack: Stack, io: Io): Promise<ControlClient> {
  const log = join(stack.home, 'logs/supervisor.log')
  const file = await open(log, 'w')
  const program = join(import.meta.dirname, 'supervisor/main.ts')
  // A flood of output is garbage at once: a small nursery keeps 15 MB less of it resident, at the same speed.
  const flags = [...process.execArgv, '--max-semi-space-size=1']
  const child = spawn(process.execPath, [...flags, program, join(stack.home, 'run/stack.json')], {
    detached: true,
    stdio: ['ignore', file.fd, file.fd],
    env: io.env,
    cwd: stack.dir,
  })
  await file.close()
  child.unref()
  const ended = exitOf(child)
  for (;;) {
    const connection = await connect(join(stack.sockets, 'control.sock'))
    if (connection.running) return connection.client
    const state = await Promise.race([ended, delay(10, 'starting' as const)])
    if (state === 'ended') {
      const words = lastWords(await readFile(log, 'utf8'))
      throw new ProblemError(messages.supervisorFailed(log, words))
    }
  }
}

/** Of a crash the error itself, not where in the code it was thrown; else the last lines. */
function lastWords(text: string): string {
  const lines = text.trim().split('\n')
  const error = lines.find(line => /^\w*Error\b.*: /.test(line))
  return error ?? lines.slice(-8).join('\n')
}

function exitOf(child: ChildProcess): Promise<'ended'> {
  return new Promise(resolve => {
    child.once('exit', () => resolve('ended'))
    child.once('error', () => resolve('ended'))
  })
}

function stackPath(context: RunContext): string {
  return join(context.places.home, 'run/stack.json')
}
