import { exitCodeOf, type Io } from '../../lib/io.ts'
import { ProblemError } from '../../lib/problem.ts'
import { chooseConsole } from '../console/choose.ts'
import { install } from '../install/install.ts'
import { satisfies } from '../install/version.ts'
import { checkHome, checkPorts, prepareRun, runningStack, startSupervisor } from '../launch.ts'
import { messages, notices } from '../messages.ts'
import { parseOptions, whereOptions } from '../options.ts'
import { runContext, type RunContext } from '../run-context.ts'
import { showRun } from '../show-run.ts'
import { connect } from '../supervisor/control-client.ts'
import { sweepStaleRun } from '../supervisor/sweep.ts'

const options = {
  ...whereOptions,
  yes: { type: 'boolean', short: 'y' },
  no: { type: 'boolean' },
  console: { type: 'string' },
} as const

/** look → plan → ask → do, then the supervisor, then a console; resolves when the run has ended. */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  const { values } = parseOptions('up', { args: [...argv], options })
  const consoleKind = await chooseConsole(values.console, io)
  const context = await runContext(values, io)
  const running = await connect(context.controlSocket)
  if (running.running) {
    const { supervisor } = running.status
    io.stdout.write(notices.attaching(context.loaded.stack.name, supervisor))
    const stack = await runningStack(context)
    return await showRun({
      context,
      stack,
      client: Promise.resolve(running.client),
      consoleKind,
      io,
      started: false,
    })
  }
  checkNode(context)
  await checkHome(context)
  await sweepStaleRun(context.places.home)
  await checkPorts(context)
  await installMissing(context, consentOf(values, io), io)
  if (io.signal.aborted) return exitCodeOf(String(io.signal.reason))
  const stack = await prepareRun(context)
  return await showRun({ context, stack, client: startSupervisor(stack, io), consoleKind, io, started: true })
}

function checkNode({ loaded }: RunContext): void {
  const { node } = loaded.stack.environment
  if (node === undefined || satisfies(process.versions.node, node) === 'yes') return
  throw new ProblemError(messages.wrongNode(node, process.versions.node))
}

type Consent = 'ask' | 'yes' | 'no'

/** npm takes `--yes` for itself and passes it on as a variable; CI has nobody to ask. */
function consentOf(values: { yes?: boolean | undefined; no?: boolean | undefined }, io: Io): Consent {
  if (values.no === true) return 'no'
  if (values.yes === true || io.env['npm_config_yes'] === 'true' || io.env['CI'] === 'true') return 'yes'
  return 'ask'
}

async function installMissing(context: RunContext, consent: Consent, io: Io): Promise<void> {
  const outcome = await install(
    context.environment,
    { consent, environmentGranted: io.env['COURANTE_ENVIRONMENT_GRANTED'] === '1' },
    io,
  )
  switch (outcome.type) {
    case 'declined':
      throw new ProblemError(messages.declined(outcome.group))
    case 'cannot_ask':
      throw new ProblemError(messages.cannotAsk(outcome.planText))
    case 'failed':
      throw new ProblemError(outcome.problem)
    case 'ready':
      for (const notice of outcome.notices) io.stderr.write(notices.note(notice))
  }
}
