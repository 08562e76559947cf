import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { socketDir } from '../lib/socket-dir.ts'
import type { Io } from '../lib/io.ts'
import { ProblemError } from '../lib/problem.ts'
import { type ModelEntry, peekEntry } from '../models/catalog.ts'
import { engineScripts } from './install/engine-scripts.ts'
import type { Environment } from './install/environment.ts'
import { messages } from './messages.ts'
import { hasDefaultLlm } from './setup/default-llm.ts'
import { loadStack, type LoadedStack } from './stack/load.ts'
import type { Stack } from './stack/model.ts'
import { placesOf, type Places } from './stack/resolve.ts'
import { connect, type ControlClient } from './supervisor/control-client.ts'

const ownStack = join(import.meta.dirname, '../stack.yaml')

/**
 * Which stack file a command is about: the one of `--stack`; else the stack.yaml of the folder that it is called in; else
 * Courante's own, which only a clone has. `npm run up` always runs in the clone's folder.
 */
function stackFile(values: WhereValues, io: Io): string {
  if (values.stack !== undefined) return values.stack
  const here = join(io.cwd, 'stack.yaml')
  return existsSync(here) || !existsSync(ownStack) ? here : ownStack
}

/** Which run a command is about, by `--stack` and `--home` of the command line. */
export interface RunContext {
  readonly loaded: LoadedStack
  /** A stack file that nobody named: it was found where the command was called. */
  readonly foundHere: boolean
  readonly places: Places
  /** Folder of the run's sockets. */
  readonly sockets: string
  readonly controlSocket: string
  /** What the installer looks after. */
  readonly environment: Environment
}

/** The same with another language model, as if the stack had named it. */
export function withLanguageModel(context: RunContext, id: string): RunContext {
  const loaded = { ...context.loaded, stack: { ...context.loaded.stack, language_model: id } }
  return { ...context, loaded, environment: environmentOf(loaded, context.places) }
}

export interface WhereValues {
  readonly stack?: string | undefined
  readonly home?: string | undefined
}

export async function runContext(values: WhereValues, io: Io): Promise<RunContext> {
  const loaded = await loadStack(stackFile(values, io))
  const places = placesOf(loaded, { home: values.home, models: io.env['COURANTE_MODELS'] })
  const sockets = socketDir(places.home, io.env)
  return {
    loaded,
    foundHere: values.stack === undefined && loaded.path !== ownStack,
    places,
    sockets,
    controlSocket: join(sockets, 'control.sock'),
    environment: environmentOf(loaded, places),
  }
}

/** What the commands on a run that exists need of it. */
export interface KnownRun {
  readonly home: string
  readonly services: readonly string[]
  readonly controlSocket: string
}

/**
 * The run that `--stack` and `--home` mean. A stack file that is broken by now must not lock anybody out of what runs:
 * then the resolved stack of the run, in its home, is as good.
 */
export async function knownRun(values: WhereValues, io: Io): Promise<KnownRun> {
  try {
    const { loaded, places, controlSocket } = await runContext(values, io)
    return { home: places.home, services: Object.keys(loaded.stack.services), controlSocket }
  } catch (error) {
    const home = resolve(values.home ?? join(dirname(stackFile(values, io)), 'var'))
    const stack = await readResolved(home)
    if (!(error instanceof ProblemError) || stack === undefined) throw error
    const controlSocket = join(socketDir(home, io.env), 'control.sock')
    return { home, services: Object.keys(stack.services), controlSocket }
  }
}

/** The supervisor of that run; throws a ProblemError if none is there. */
export async function connectOrFail(run: KnownRun, values: WhereValues): Promise<ControlClient> {
  const connection = await connect(run.controlSocket)
  if (connection.running) return connection.client
  throw new ProblemError(messages.notRunning(run.home, values.stack))
}

async function readResolved(home: string): Promise<Stack | undefined> {
  try {
    return JSON.parse(await readFile(join(home, 'run/stack.json'), 'utf8')) as Stack
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw error
  }
}

/** With the language model that was chosen, where it has to be downloaded and models.yaml names no other one. */
function modelsOf({ models, language_model: chosen }: LoadedStack['stack'], home: string): ModelEntry[] {
  if (chosen === undefined || models.includes(chosen) || peekEntry(chosen)?.isDownload !== true) return models
  return hasDefaultLlm(home) ? models : [...models, chosen]
}

function environmentOf({ stack }: LoadedStack, places: Places): Environment {
  const { python, tools } = stack.environment
  return {
    ...(python === undefined || places.venv === undefined
      ? {}
      : {
          python: {
            version: python.version,
            venv: places.venv,
            requirements: [
              ...python.requirements.map(file => resolve(places.dir, file)),
              ...engineScripts(places.home),
            ],
            optional: python.optional,
          },
        }),
    models: modelsOf(stack, places.home),
    without: stack.without,
    modelsDir: places.models,
    home: places.home,
    dir: places.dir,
    tools,
  }
}
