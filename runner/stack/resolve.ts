import { existsSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { ProblemError } from '../../lib/problem.ts'
import { messages } from '../messages.ts'
import type { LoadedStack } from './load.ts'
import { readEnvFiles } from './env-file.ts'
import type { Liveness, Ready, Service, Stack, Watch } from './model.ts'
import { chosenServices, profileEnv } from './profile.ts'
import type { StackFile } from './schema.ts'

/** The paths that a stack's file and the options of the command line settle. */
export interface Places {
  readonly dir: string
  readonly home: string
  readonly models: string
  /** The file that the top half of a console follows, if the stack names one. */
  readonly transcript: string | undefined
  readonly venv: string | undefined
}

export function placesOf(
  loaded: LoadedStack,
  options: { home?: string | undefined; models?: string | undefined },
): Places {
  const { stack } = loaded
  const dir = dirname(loaded.path)
  const home = resolve(options.home ?? join(dir, stack.home))
  const { transcript } = stack.console
  const { python } = stack.environment
  return {
    dir,
    home,
    models: resolve(options.models ?? join(dir, 'models/files')),
    transcript: transcript === true ? join(home, 'transcript.log') : transcript && resolve(dir, transcript),
    venv: python === undefined ? undefined : resolve(dir, python.venv),
  }
}

/** What `up` chose for one run. */
export interface RunOptions {
  /** Only the services of these profiles, and what they depend on. */
  readonly profiles?: readonly string[] | undefined
  /** The run ends with this service. */
  readonly exitOn?: string | undefined
  /** tmux shows it: its panes need files to follow. */
  readonly paneLogs?: boolean | undefined
}

/** The stack as the supervisor takes it: every path absolute, every default filled in. */
export function resolveStack(
  loaded: LoadedStack,
  places: Places,
  run: { readonly id: string; readonly sockets: string },
  options: RunOptions = {},
): Stack {
  const { stack } = loaded
  const [firstPane = 'services'] = stack.console.panes
  const services: Record<string, Service> = {}
  const profiles = options.profiles ?? []
  const chosen = chosenServices(stack, profiles)
  const { language_model: model } = stack
  for (const [name, service] of Object.entries(stack.services)) {
    if (!chosen.has(name)) continue
    services[name] = {
      command: service.command,
      cwd: service.cwd === undefined ? places.dir : resolve(places.dir, service.cwd),
      env: {
        ...venvEnvironment(places.venv),
        ...(model === undefined ? {} : { COURANTE_LANGUAGE_MODEL: model }),
        ...readEnvFiles(service.env_file, places.dir, name),
        ...profileEnv(stack, profiles),
        ...service.env,
      },
      dependsOn: service.depends_on.filter(other => chosen.has(other)),
      ready: readyOf(service.ready, service.port),
      readyTimeoutMs: service.ready_timeout * 1000,
      stopSignal: service.stop_signal,
      stopGraceMs: service.stop_grace * 1000,
      restart: service.oneshot && service.restart === 'always' ? 'on-failure' : service.restart,
      maxFailures: service.max_failures,
      oneshot: service.oneshot,
      code: service.code.map(path => resolve(places.dir, path)),
      ...livenessOf(service.liveness, service.port),
      ...(service.memory_limit === undefined ? {} : { memoryLimit: service.memory_limit }),
      ...watchOf(service.watch, places.dir),
      ...(service.port === undefined ? {} : { port: service.port }),
      pane: service.pane ?? firstPane,
    }
  }
  const restartKey = stack.restart_key.filter(name => services[name] !== undefined)
  return {
    name: stack.name,
    file: loaded.path,
    dir: places.dir,
    home: places.home,
    sockets: run.sockets,
    models: places.models,
    run: run.id,
    profiles: [...profiles],
    services,
    panes: panesOf(stack, services),
    restartKey: restartKey.length > 0 ? restartKey : Object.keys(services),
    consoleSocket: join(run.sockets, 'tmux'),
    logs: {
      maxFile: stack.logs.max_file,
      maxTotal: stack.logs.max_total,
      maxAgeMs: stack.logs.max_age_days * 24 * 3600 * 1000,
    },
    paneLogs: options.paneLogs === true,
    ...exitOnOf(options.exitOn, services),
  }
}

function exitOnOf(name: string | undefined, services: Record<string, Service>): { exitOn?: string } {
  if (name === undefined) return {}
  if (services[name] === undefined)
    throw new ProblemError(messages.unknownService(name, Object.keys(services)))
  // Whatever its policy says: its end is the end.
  services[name] = { ...services[name], restart: 'never' }
  return { exitOn: name }
}

function livenessOf(
  settings: StackFile['services'][string]['liveness'],
  port: number | undefined,
): { liveness?: Liveness } {
  if (settings === undefined) return {}
  const probe = readyOf(settings, port)
  if (probe.type === 'started' || probe.type === 'log') throw new Error(`no liveness by ${probe.type}`)
  return { liveness: { probe, everyMs: settings.every * 1000, failures: settings.failures } }
}

function watchOf(settings: StackFile['services'][string]['watch'], dir: string): { watch?: Watch } {
  if (settings === undefined) return {}
  const full = Array.isArray(settings) ? { paths: settings, ignore: [], debounce: 0.3 } : settings
  return {
    watch: {
      paths: full.paths.map(path => resolve(dir, path)),
      ignore: full.ignore,
      debounceMs: full.debounce * 1000,
    },
  }
}

type Probe = StackFile['services'][string]['ready'] | StackFile['services'][string]['liveness']

function readyOf(ready: Probe, port: number | undefined): Ready {
  // By name: vite and others listen on ::1 alone where that is what localhost means first; both are tried.
  if (ready === undefined)
    return port === undefined ? { type: 'started' } : { type: 'tcp', port, host: 'localhost' }
  if ('log' in ready) return { type: 'log', pattern: ready.log }
  if ('tcp' in ready) return { type: 'tcp', port: ready.tcp, host: 'localhost' }
  if ('exec' in ready) return { type: 'exec', command: ready.exec }
  return {
    type: 'http',
    url: ready.http.startsWith('/') ? `http://127.0.0.1:${port}${ready.http}` : ready.http,
  }
}

function panesOf(stack: StackFile, services: Record<string, Service>): Stack['panes'] {
  const names = Object.keys(services)
  return Object.fromEntries(
    stack.console.panes.map(pane => [
      pane,
      { title: pane, services: names.filter(name => services[name]?.pane === pane) },
    ]),
  )
}

/** What `activate` of a venv would set, for every service: then `python` is the stack's own. */
function venvEnvironment(venv: string | undefined): Record<string, string> {
  if (venv === undefined || !existsSync(join(venv, 'bin/python'))) return {}
  return { VIRTUAL_ENV: venv }
}
