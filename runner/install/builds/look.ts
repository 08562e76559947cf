import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { findOnPath } from '../../../lib/find-on-path.ts'
import type { Io } from '../../../lib/io.ts'
import { lookAtMachine } from '../../../models/machine.ts'
import {
  programNames,
  type ProgramName,
  programPath,
  type ProgramSource,
  programSources,
  programsRoot,
} from '../../../models/programs.ts'
import { gpuKindFor } from '../gpu-runtime.ts'
import { type Backend, backendFor } from './backend.ts'

/** A program that is wanted. `ready`: built in `root`, or on PATH. */
export type ProgramSeen =
  | { readonly type: 'ready'; readonly program: ProgramSource }
  | {
      readonly type: 'missing'
      readonly program: ProgramSource
      readonly backend: Backend
      /** Without which nothing can be built, by the names of `buildTools`. */
      readonly missingTools: readonly string[]
      /** False of a bundle: the package that has it is not installed. */
      readonly hasSources: boolean
    }

/** The programs that those engines start. A few stats, and nothing is run. */
export function lookAtPrograms(
  engines: ReadonlySet<string>,
  env: Io['env'],
  root = programsRoot,
): ProgramSeen[] {
  return programNames
    .filter(name => programSources[name].engines.some(engine => engines.has(engine)))
    .map(name => lookAtProgram(name, env, root))
}

function lookAtProgram(name: ProgramName, env: Io['env'], root: string): ProgramSeen {
  const program = programSources[name]
  if (programPath(name, { env, root }) !== undefined) return { type: 'ready', program }
  const { from } = program
  const tools = from.type === 'bundle' ? [...Object.keys(buildTools), 'git'] : Object.keys(buildTools)
  return {
    type: 'missing',
    program,
    backend: backendHere(env),
    missingTools: tools.filter(tool => !hasTool(tool, env)),
    hasSources: from.type === 'archive' || existsSync(join(root, from.path)),
  }
}

/** Each by its programs, of which one is enough. */
const buildTools: Readonly<Record<string, readonly string[]>> = {
  cmake: ['cmake'],
  'c++': ['c++', 'g++', 'clang++'],
  make: ['make', 'gmake'],
}

function hasTool(tool: string, env: Io['env']): boolean {
  if (tool === 'c++' && (env['CXX'] ?? '') !== '') return true
  return (buildTools[tool] ?? [tool]).some(one => findOnPath(one, env['PATH']) !== undefined)
}

function backendHere(env: Io['env']): Backend {
  const { platform, arch } = process
  const system = { platform: `${platform}-${arch}`, machine: lookAtMachine(), has: existsSync }
  return backendFor({
    platform,
    gpu: env['COURANTE_GPU'] === 'off' ? undefined : gpuKindFor(system),
    hasNvcc: findOnPath('nvcc', env['PATH']) !== undefined,
    hasGlslc: findOnPath('glslc', env['PATH']) !== undefined,
  })
}
