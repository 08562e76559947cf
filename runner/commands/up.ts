import { join, relative } from 'node:path'
import { exit } from '../../lib/exit.ts'
import { exitCodeOf, type Io } from '../../lib/io.ts'
import { ProblemError } from '../../lib/problem.ts'
import { chooseConsole } from '../console/choose.ts'
import { fastChecks } from '../doctor/fast.ts'
import { checkLines } from '../doctor/show.ts'
import type { Consent } from '../install/consent.ts'
import { install, type InstallOptions } from '../install/install.ts'
import { satisfies } from '../install/version.ts'
import { checkHome, checkPorts, isOutdated, newStack, prepareRun, startSupervisor } from '../launch.ts'
import { messages, notices } from '../messages.ts'
import { networkOptions, withNetwork } from '../network.ts'
import { parseOptions, whereOptions } from '../options.ts'
import { runContext, type RunContext, withLanguageModel } from '../run-context.ts'
import { chooseLanguageModel } from '../setup/first-run.ts'
import { showRun } from '../show-run.ts'
import { connect, type ControlClient } from '../supervisor/control-client.ts'
import type { ServiceStatus } from '../supervisor/events.ts'
import { whyDown } from '../supervisor/messages.ts'
import { sweepStaleRun } from '../supervisor/sweep.ts'
import { attach } from './attach.ts'

const options = {
  ...whereOptions,
  ...networkOptions,
  yes: { type: 'boolean', short: 'y' },
  no: { type: 'boolean' },
  only: { type: 'string', multiple: true },
  console: { type: 'string' },
  profile: { type: 'string', multiple: true },
  prod: { type: 'boolean' },
  'exit-on': { type: 'string' },
  detach: { type: 'boolean', short: 'd' },
  listen: { type: 'string' },
} as const

/** look → plan → ask → do, then the supervisor, then a console; resolves when the run has ended. */
export async function run(argv: readonly string[], given: Io): Promise<number> {
  const { values } = parseOptions('up', { args: [...argv], options })
  const io = withNetwork(values, given)
  const detach = values.detach === true
  const consoleKind = detach ? undefined : await chooseConsole(values.console, io)
  let context = await runContext(values, io)
  if (context.foundHere) io.stdout.write(notices.stackFound(context.loaded.path))
  else if (values.stack === undefined && relative(context.places.dir, io.cwd).startsWith('..'))
    io.stdout.write(notices.ownStack(context.loaded.path))
  const running = await connect(context.controlSocket)
  if (running.running) {
    const { name } = context.loaded.stack
    if ([values.profile, values.prod, values['exit-on'], values.listen].some(value => value !== undefined))
      io.stderr.write(notices.note(notices.runsAlready(name).trimEnd()))
    if (await isOutdated(context)) io.stderr.write(notices.note(notices.outdated().trimEnd()))
    if (consoleKind !== undefined) return await attach(context, running, consoleKind, io)
    io.stdout.write(notices.detached(name, running.status.supervisor))
    return exit.ok
  }
  const choice = {
    profiles: profilesOf(values, context),
    exitOn: values['exit-on'],
    paneLogs: consoleKind === 'tmux',
  }
  checkNode(context)
  const around = await listening(values.listen, io)
  await checkHome(context)
  await sweepStaleRun(context.places.home)
  await checkPorts(newStack(context, choice).services)
  const consent = consentOf(values, io)
  const chosen = await chooseLanguageModel(context, consent, values, io)
  const wanted = chosen === undefined ? context : withLanguageModel(context, chosen.id)
  await installMissing(wanted, consent, io, async (away, without) => {
    const [{ record }, { writeLocal }] = await Promise.all([
      import('../setup/record.ts'),
      import('../stack/local-file.ts'),
    ])
    const { path, stack } = wanted.loaded
    // What can't be had is no choice; the next start asks again.
    if (chosen !== undefined && !away.includes(chosen.id)) await record(chosen, wanted)
    if (without.length > 0) await writeLocal(path, 'without', [...stack.without, ...without])
  })
  context = await runContext(values, io)
  for (const check of await fastChecks(context, io)) io.stderr.write(`${checkLines(check, io).join('\n')}\n`)
  if (io.signal.aborted) return exitCodeOf(String(io.signal.reason))
  // Not the one from above: a venv that was installed meanwhile belongs to the services' environment.
  const stack = await prepareRun(context, choice)
  const client = startSupervisor(stack, around)
  if (consoleKind === undefined) return await untilUp(stack.name, await client, io)
  const code = await showRun({ context, stack, client, consoleKind, io, started: true })
  return code === 'renew' ? renew(argv, io) : code
}

/**
 * `--prod` is the profile of that name. Others can't reach a dev server: who lets them in without naming any profile means
 * that one, too, where the stack has it.
 */
function profilesOf(
  values: { profile?: string[] | undefined; prod?: boolean | undefined; listen?: string | undefined },
  { loaded }: RunContext,
): readonly string[] {
  const named = values.profile ?? []
  const isMeant =
    values.listen !== undefined && named.length === 0 && loaded.stack.profiles['prod'] !== undefined
  return values.prod === true || isMeant ? [...named, 'prod'] : named
}

/** What services are started with, and a word about it to whoever starts them. */
async function listening(text: string | undefined, io: Io): Promise<Io> {
  if (text === undefined) return io
  const { withListen } = await import('../listen.ts')
  const around = await withListen(text, io)
  io.stderr.write(notices.note(notices.listening(text).trimEnd()))
  return around
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

interface ConsentValues {
  readonly yes?: boolean | undefined
  readonly no?: boolean | undefined
  readonly only?: readonly string[] | undefined
}

/** npm takes `--yes` for itself and passes it on as a variable; CI has nobody to ask. */
function consentOf(values: ConsentValues, io: Io): Consent {
  if (values.no === true) return 'no'
  if (values.only !== undefined) return { only: values.only.flatMap(list => list.split(',')).filter(Boolean) }
  if (values.yes === true || io.env['npm_config_yes'] === 'true' || io.env['CI'] === 'true') return 'yes'
  return 'ask'
}

async function installMissing(
  { environment }: RunContext,
  consent: Consent,
  io: Io,
  onAgreed: NonNullable<InstallOptions['onAgreed']>,
): Promise<void> {
  const environmentGranted = io.env['COURANTE_ENVIRONMENT_GRANTED'] === '1'
  const outcome = await install(environment, { consent, environmentGranted, onAgreed }, io)
  switch (outcome.type) {
    case 'declined':
      throw new ProblemError(messages.declined())
    case 'cannot_ask':
      throw new ProblemError(messages.cannotAsk(outcome.planText))
    case 'failed':
      for (const notice of outcome.notices) io.stderr.write(notices.note(notice))
      throw new ProblemError(outcome.problem)
    case 'ready':
      for (const notice of outcome.notices) io.stderr.write(notices.note(notice))
  }
}
