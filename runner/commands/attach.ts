import type { Io } from '../../lib/io.ts'
import { ProblemError } from '../../lib/problem.ts'
import { chooseConsole, type ConsoleKind } from '../console/choose.ts'
import { runningStack } from '../launch.ts'
import { messages, notices } from '../messages.ts'
import { parseOptions, whereOptions } from '../options.ts'
import { runContext, type RunContext } from '../run-context.ts'
import { showRun } from '../show-run.ts'
import { connect, type Connection } from '../supervisor/control-client.ts'

/** Opens a console on a run that is there; closing its terminal leaves the run alone. */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  const options = { ...whereOptions, console: { type: 'string' } } as const
  const { values } = parseOptions('attach', { args: [...argv], options })
  const consoleKind = await chooseConsole(values.console, io)
  const context = await runContext(values, io)
  const running = await connect(context.controlSocket)
  if (!running.running) throw new ProblemError(messages.notRunning(context.places.home, values.stack))
  return await attach(context, running, consoleKind, io)
}

export async function attach(
  context: RunContext,
  { client, status }: Connection & { running: true },
  consoleKind: ConsoleKind,
  io: Io,
): Promise<number> {
  io.stdout.write(notices.attaching(context.loaded.stack.name, status.supervisor))
  if (consoleKind === 'tmux') await client.startPaneLogs()
  const stack = await runningStack(context)
  const shown = { context, stack, client: Promise.resolve(client), consoleKind, io, started: false }
  const code = await showRun(shown)
  // Only for the one that started the run.
  return code === 'renew' ? 0 : code
}
