import { relative } from 'node:path'
import { exit } from '../lib/exit.ts'
import { exitCodeOf, type Io } from '../lib/io.ts'
import { formatProblem } from '../lib/problem.ts'
import { consoles, type ConsoleKind } from './console/choose.ts'
import { messages, notices } from './messages.ts'
import type { RunContext } from './run-context.ts'
import type { Stack } from './stack/model.ts'
import type { ControlClient } from './supervisor/control-client.ts'
import type { SupervisorEvent } from './supervisor/events.ts'

export interface ShownRun {
  readonly context: RunContext
  readonly stack: Stack
  readonly client: Promise<ControlClient>
  readonly consoleKind: ConsoleKind
  readonly io: Io
  /** Whether this console started the run: then closing its terminal stops it. One that only joined leaves. */
  readonly started: boolean
}

/**
 * Shows a run in a console until it has ended, and returns the exit code: 0 when somebody quit it, 128+n when a signal
 * (Ctrl-C, a closed terminal) made us stop it, that of the service which `--exit-on` named, 1 when the supervisor was
 * killed. Returns 'renew' when the run has ended to be started anew by whoever started it.
 */
export async function showRun({
  context,
  stack,
  client,
  consoleKind,
  io,
  started,
}: ShownRun): Promise<number | 'renew'> {
  const open = [context.loaded.stack.console.open ?? []].flat()
  const port = open.map(name => stack.services[name]?.port).find(port => port !== undefined)
  const address = port === undefined ? undefined : `http://127.0.0.1:${port}`
  if (address !== undefined) io.stdout.write(notices.address(stack.name, address))
  const left = new AbortController()
  const end = endOf(client, started, left.signal)
  const shown = (await consoles[consoleKind]())({
    stack,
    transcript: context.places.transcript,
    address,
    owner: started,
    client,
    io,
  })
  // A supervisor that never answered is the one failure that must not wait for the console.
  const control = await client.catch(async (error: unknown) => {
    await shown.catch(() => undefined)
    throw error
  })
  const stopOnSignal = (): void => {
    if (started) void control.down().catch(() => undefined)
  }
  io.signal.addEventListener('abort', stopOnSignal)
  // A second `down` kills what is still stopping.
  io.insist.addEventListener('abort', stopOnSignal)
  if (io.signal.aborted) stopOnSignal()
  await shown
  if (!io.signal.aborted && !(await isEnding(control))) {
    left.abort()
    io.stdout.write(notices.consoleClosed(stack.name))
    return exit.ok
  }
  if (!started && io.signal.aborted) {
    left.abort()
    if (io.signal.reason !== 'SIGHUP') io.stdout.write(notices.left(stack.name))
    return exitCodeOf(String(io.signal.reason))
  }
  const ended = await end
  if (ended === 'died') {
    io.stderr.write(formatProblem(messages.supervisorDied()))
    return exit.failed
  }
  if (ended.renew === true && started && !io.signal.aborted) return 'renew'
  const logs = relative(io.cwd, `${stack.home}/logs`)
  io.stdout.write(ended.renew === true ? notices.renewed(stack.name) : notices.stopped(stack.name, logs))
  if (io.signal.aborted) return exitCodeOf(String(io.signal.reason))
  if (ended.interrupted === true) return exitCodeOf('SIGINT')
  return ended.exitCode ?? exit.ok
}

/** How the run ends: with the supervisor's own word, or without it. Never rejects: why a client failed is its own to tell. */
async function endOf(
  client: Promise<ControlClient>,
  owner: boolean,
  signal: AbortSignal,
): Promise<(SupervisorEvent & { type: 'stopped' }) | 'died'> {
  try {
    const control = await client
    for await (const event of control.events(signal, { owner })) {
      if (event.type === 'stopped') return event
    }
  } catch {
    // Nobody answers (any more): that is the other end.
  }
  return 'died'
}

async function isEnding(control: ControlClient): Promise<boolean> {
  try {
    return (await control.status()).stopping
  } catch {
    // Nobody answers: it has ended already.
    return true
  }
}
