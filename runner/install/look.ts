import { accessSync, constants } from 'node:fs'
import { join } from 'node:path'
import { findOnPath } from '../../lib/find-on-path.ts'
import type { Io } from '../../lib/io.ts'
import { type Catalog, loadEntries, type ModelEntry, withNeeds } from '../../models/catalog.ts'
import { isRecorded, readLock } from '../../models/lock-file.ts'
import { estimateMemory } from '../../models/memory.ts'
import { resolveModel, type Model } from '../../models/model.ts'
import { checkSizes, type ModelState } from '../../models/verify.ts'
import { lookAtPrograms, type ProgramSeen } from './builds/look.ts'
import { chosenEngines } from './builds/wanted.ts'
import type { PythonNeed, Environment, ToolNeed } from './environment.ts'
import { type GpuSeen, lookAtGpuRuntime } from './gpu-runtime.ts'
import { findPython, type Search } from './python.ts'
import { findMissingTools, isFirstRun } from './tools.ts'
import { lookAtVenv, type VenvSeen } from './venv.ts'

/** What is there and what is not: the whole input of `plan`. */
export interface Seen {
  readonly environment: Environment
  readonly python: PythonSeen
  readonly gpu?: GpuSeen
  readonly models: readonly SeenModel[]
  /** What engines start for the models that are wanted. */
  readonly programs?: readonly ProgramSeen[]
  readonly unknownModels: readonly string[]
  readonly knownModels: readonly string[]
  readonly missingTools: readonly ToolNeed[]
  readonly firstRun?: boolean
  /** The system's own installer, such as `apt`, if we know it. */
  readonly packageManager: PackageManager | undefined
}

export interface SeenModel {
  readonly model: Model
  readonly state: ModelState
  /** It was seen to be what it should be, and has not been changed since; or nobody can write that down here. */
  readonly isVerified: boolean
  /** Bytes that it is thought to take when loaded; of a stack's own model nobody knows. */
  readonly memory?: number | undefined
}

/** `search` is there only where a venv has to be made: running candidates takes time. */
export type PythonSeen =
  | { readonly type: 'not_needed' }
  | { readonly type: 'needed'; readonly need: PythonNeed; readonly venv: VenvSeen; readonly search?: Search }

/** Whose engines a graphics card would serve. */
export const ownRoot = join(import.meta.dirname, '../..')

const packageManagers = ['apt', 'dnf', 'pacman', 'zypper', 'apk', 'brew'] as const
export type PackageManager = (typeof packageManagers)[number]

/** Reads only, and runs nothing unless a venv has to be made. */
export async function look(environment: Environment, env: Io['env']): Promise<Seen> {
  const names = environment.models.filter(entry => typeof entry === 'string')
  const catalog = names.length === 0 ? new Map<string, never>() : loadEntries(names)
  const without = environment.without ?? []
  const lock = readLock(environment.modelsDir)
  const canRecord = isWritable(environment.modelsDir)
  const models = withAllNeeds(environment.models, catalog).flatMap((entry): SeenModel[] => {
    const model = resolveModel(entry, catalog, environment)
    if (model === undefined || without.includes(model.id)) return []
    const state = checkSizes(model)
    const known = typeof entry === 'string' && state.type !== 'present' ? catalog.get(entry) : undefined
    const isVerified = state.type !== 'present' || !canRecord || isRecorded(model, lock)
    return [{ model, state, isVerified, memory: known === undefined ? undefined : estimateMemory(known) }]
  })
  return {
    environment,
    gpu:
      environment.dir === ownRoot && !without.includes('gpu')
        ? await lookAtGpuRuntime(ownRoot, env)
        : { type: 'off' },
    python: await lookAtPython(without.includes('python') ? undefined : environment.python, env),
    models,
    programs: lookAtPrograms(
      new Set([
        ...names.flatMap(name => (without.includes(name) ? [] : (catalog.get(name)?.engine ?? []))),
        ...chosenEngines(environment.home),
      ]),
      env,
    ).filter(({ program }) => !without.includes(program.name)),
    unknownModels: names.filter(name => !catalog.has(name)),
    knownModels: [...catalog.keys()],
    missingTools: findMissingTools(environment.tools, env['PATH']),
    firstRun: isFirstRun(environment),
    packageManager: packageManagerHere(env),
  }
}

/** The first of them, if any. */
export function packageManagerHere(env: Io['env']): PackageManager | undefined {
  return packageManagers.find(name => findOnPath(name, env['PATH']) !== undefined)
}

/** Each once, those that another one needs before it. */
function withAllNeeds(entries: readonly ModelEntry[], catalog: Catalog): ModelEntry[] {
  const all = entries.flatMap((entry): ModelEntry[] => {
    const known = typeof entry === 'string' ? catalog.get(entry) : undefined
    return known === undefined ? [entry] : withNeeds(known, catalog).map(({ id }) => id)
  })
  return [...new Set(all)]
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK)
    return true
  } catch {
    // Absent, read-only or another user's: whatever it is, nothing can be written down there.
    return false
  }
}

async function lookAtPython(need: PythonNeed | undefined, env: Io['env']): Promise<PythonSeen> {
  if (need === undefined) return { type: 'not_needed' }
  const venv = lookAtVenv(need, env['PATH'])
  if (venv.type !== 'missing' && venv.type !== 'unusable') return { type: 'needed', need, venv }
  return { type: 'needed', need, venv, search: await findPython(need.version, env) }
}
