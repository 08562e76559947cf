import { existsSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import type { LoadedStack } from './load.ts'
import type { Ready, Service, Stack } from './model.ts'
import type { StackFile } from './schema.ts'

/** The paths that a stack's file and the options of the command line settle. */
export interface Places {
  readonly dir: string
  readonly home: string
  readonly models: string
  readonly transcript: string
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
    transcript: transcript === undefined ? join(home, 'transcript.log') : resolve(dir, transcript),
    venv: python === undefined ? undefined : resolve(dir, python.venv),
  }
}

/** The stack as the supervisor takes it: every path absolute, every default filled in. */
export function resolveStack(
  loaded: LoadedStack,
  places: Places,
  run: { readonly id: string; readonly sockets: string },
): Stack {
  const { stack } = loaded
  const [firstPane = 'services'] = stack.console.panes
  const services: Record<string, Service> = {}
  for (const [name, service] of Object.entries(stack.services)) {
    services[name] = {
      command: service.command,
      cwd: service.cwd === undefined ? places.dir : resolve(places.dir, service.cwd),
      env: { ...venvEnvironment(places.venv), ...service.env },
      dependsOn: service.depends_on,
      ready: readyOf(service.ready, service.port),
      readyTimeoutMs: service.ready_timeout * 1000,
      stopSignal: service.stop_signal,
      stopGraceMs: service.stop_grace * 1000,
      restart: service.restart,
      ...(service.port === undefined ? {} : { port: service.port }),
      pane: service.pane ?? firstPane,
    }
  }
  return {
    name: stack.name,
    file: loaded.path,
    dir: places.dir,
    home: places.home,
    sockets: run.sockets,
    models: places.models,
    run: run.id,
    services,
    panes: panesOf(stack, services),
    restartKey: stack.restart_key.length > 0 ? stack.restart_key : Object.keys(services),
    consoleSocket: join(run.sockets, 'tmux'),
  }
}

function readyOf(ready: StackFile['services'][string]['ready'], port: number | undefined): Ready {
  if (ready === undefined)
    return port === undefined ? { type: 'started' } : { type: 'tcp', port, host: '127.0.0.1' }
  if ('log' in ready) return { type: 'log', pattern: ready.log }
  if ('tcp' in ready) return { type: 'tcp', port: ready.tcp, host: '127.0.0.1' }
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
