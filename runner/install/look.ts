import type { Io } from '../../lib/io.ts'
import { loadEntries } from '../../models/catalog.ts'
import { resolveModel, type Model } from '../../models/model.ts'
import { checkSizes, type ModelState } from '../../models/verify.ts'
import type { PythonNeed, Environment, ToolNeed } from './environment.ts'
import { findOnPath } from './path-lookup.ts'
import { findPython, type Search } from './python.ts'
import { lookAtVenv, type VenvSeen } from './venv.ts'

/** What is there and what is not: the whole input of `plan`. */
export interface Seen {
  readonly environment: Environment
  readonly python: PythonSeen
  readonly models: readonly { readonly model: Model; readonly state: ModelState }[]
  readonly unknownModels: readonly string[]
  readonly knownModels: readonly string[]
  readonly missingTools: readonly ToolNeed[]
  /** The system's own installer, such as `apt`, if we know it. */
  readonly packageManager: PackageManager | undefined
}

/** `search` is there only where a venv has to be made: running candidates takes time. */
export type PythonSeen =
  | { readonly type: 'not_needed' }
  | { readonly type: 'needed'; readonly need: PythonNeed; readonly venv: VenvSeen; readonly search?: Search }

const packageManagers = ['apt', 'dnf', 'pacman', 'zypper', 'apk', 'brew'] as const
export type PackageManager = (typeof packageManagers)[number]

/** Reads only, and runs nothing unless a venv has to be made. */
export async function look(environment: Environment, env: Io['env']): Promise<Seen> {
  const names = environment.models.filter(entry => typeof entry === 'string')
  const catalog = names.length === 0 ? new Map<string, never>() : loadEntries(names)
  const models: Seen['models'][number][] = []
  for (const entry of environment.models) {
    const model = resolveModel(entry, catalog, environment)
    if (model !== undefined) models.push({ model, state: checkSizes(model) })
  }
  const missingTools = environment.tools.filter(tool => findOnPath(tool.name, env['PATH']) === undefined)
  return {
    environment,
    python: await lookAtPython(environment.python, env),
    models,
    unknownModels: names.filter(name => !catalog.has(name)),
    knownModels: [...catalog.keys()],
    missingTools,
    packageManager: packageManagers.find(name => findOnPath(name, env['PATH']) !== undefined),
  }
}

async function lookAtPython(need: PythonNeed | undefined, env: Io['env']): Promise<PythonSeen> {
  if (need === undefined) return { type: 'not_needed' }
  const venv = lookAtVenv(need)
  if (venv.type !== 'missing' && venv.type !== 'unusable') return { type: 'needed', need, venv }
  return { type: 'needed', need, venv, search: await findPython(need.version, env) }
}
