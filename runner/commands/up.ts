import { join, relative } from 'node:path'
import { exit } from '../../lib/exit.ts'
import { exitCodeOf, type Io } from '../../lib/io.ts'
import { ProblemError } from '../../lib/problem.ts'
import { chooseConsole } from '../console/choose.ts'
import { install } from '../install/install.ts'
import { satisfies } from '../install/version.ts'
import { checkHome, checkPorts, isOutdated, newStack, prepareRun, startSupervisor } from '../launch.ts'
import { messages, notices } from '../messages.ts'
import { parseOptions, whereOptions } from '../options.ts'
import { runContext, type RunContext } from '../run-context.ts'
import { showRun } from '../show-run.ts'
import { connect, type ControlClient } from '../supervisor/control-client.ts'
import type { ServiceStatus } from '../supervisor/events.ts'
import { whyDown } from '../supervisor/messages.ts'
import { sweepStaleRun } from '../supervisor/sweep.ts'
import { attach } from './attach.ts'

const options = {
  ...whereOptions,
  yes: { type: 'boolean', short: 'y' },
  no: { type: 'boolean' },
  console: { type: 'string' },
  profile: { type: 'string', multiple: true },
  'exit-on': { type: 'string' },
  detach: { type: 'boolean', short: 'd' },
} as const

/** look → plan → ask → do, then the supervisor, then a console; resolves when the run has ended. */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  const { values } = parseOptions('up', { args: [...argv], options })
  const detach = values.detach === true
  const consoleKind = detach ? undefined : await chooseConsole(values.console, io)
  const context = await runContext(values, io)
  if (context.foundHere) io.stdout.write(notices.stackFound(context.loaded.path))
  else if (values.stack === undefined && relative(context.places.dir, io.cwd).startsWith('..'))
    io.stdout.write(notices.ownStack(context.loaded.path))
  const running = await connect(context.controlSocket)
  if (running.running) {
    const { name } = context.loaded.stack
    if (values.profile !== undefined || values['exit-on'] !== undefined)
      io.stderr.write(notices.note(notices.runsAlready(name).trimEnd()))
    if (await isOutdated(context)) io.stderr.write(notices.note(notices.outdated().trimEnd()))
    if (consoleKind !== undefined) return await attach(context, running, consoleKind, io)
    io.stdout.write(notices.detached(name, running.status.supervisor))
    return exit.ok
  }
  const choice = {
    profiles: values.profile,
    exitOn: values['exit-on'],
    paneLogs: consoleKind === 'tmux',
  }
  checkNode(context)
  await checkHome(context)
  await sweepStaleRun(context.places.home)
  await checkPorts(newStack(context, choice).services)
  await installMissing(context, consentOf(values, io), io)
  if (io.signal.aborted) return exitCodeOf(String(io.signal.reason))
  // Not the one from above: a venv that was installed meanwhile belongs to the services' environment.
  const stack = await prepareRun(context, choice)
  const client = startSupervisor(stack, io)
  if (consoleKind === undefined) return await untilUp(stack.name, await client, io)
  const code = await showRun({ context, stack, client, consoleKind, io, started: true })
  return code === 'renew' ? renew(argv, io) : code
}

/** Installs what changed and starts again: the same command line once more, through setup.sh. */
function renew(argv: readonly string[], io: Io): never {
  const setup = join(import.meta.dirname, '../../setup.sh')
  // Pressing R was the consent to the packages; models are asked for as ever.
  const env = { ...io.env, COURANTE_ENVIRONMENT_GRANTED: '1' }
  return io.become('/bin/sh', ['sh', setup, 'up', ...argv], env)
}

/** `--detach`: comes back when everything is up, or when something can't be. */
async function untilUp(name: string, client: ControlClient, io: Io): Promise<number> {
  for await (const _ of client.events(io.signal)) {
    const { services, ready, supervisor } = await client.status()
    if (ready) {
      io.stdout.write(notices.detached(name, supervisor))
      return exit.ok
    }
    const down = services.filter(isDown)
    if (down.length === 0) continue
    io.stdout.write(notices.detached(name, supervisor))
    for (const service of down)
      io.stderr.write(notices.note(notices.notUp(service.name, whyDown(service) ?? service.state).trimEnd()))
    return exit.failed
  }
  return io.signal.aborted ? exitCodeOf(String(io.signal.reason)) : exit.failed
}

/** It fell, or can't be started; whether it is tried again or not. */
function isDown({ state, lastEnd }: ServiceStatus): boolean {
  return state === 'failed' || state === 'backoff' || (state === 'idle' && lastEnd !== undefined)
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
