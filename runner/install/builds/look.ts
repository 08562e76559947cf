import { existsSync } from 'node:fs'
import { findOnPath } from '../../../lib/find-on-path.ts'
import type { Io } from '../../../lib/io.ts'
import { lookAtMachine } from '../../../models/machine.ts'
import {
  builtProgram,
  programNames,
  type ProgramName,
  programPath,
  type ProgramSource,
  programSources,
  programsRoot,
} from '../../../models/programs.ts'
import { gpuKindFor } from '../gpu-runtime.ts'
import { type Backend, backendFor } from './backend.ts'
import { type Obstacle, obstacleTo } from './obstacle.ts'
import { stampOf } from './stamp.ts'

/** A program that is wanted. */
export type ProgramSeen =
  /** Built in `root`, or on PATH. */
  | { readonly type: 'ready'; readonly program: ProgramSource }
  | ({ readonly type: 'missing' } & ToBuild)
  /** It was built here from the sources of `version`, and works. */
  | ({ readonly type: 'old'; readonly version: string } & ToBuild)

interface ToBuild {
  readonly program: ProgramSource
  readonly backend: Backend
  readonly obstacle: Obstacle | undefined
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
  const path = programPath(name, { env, root })
  const version = path === builtProgram(name, root) ? stampOf(path)?.version : undefined
  if (path !== undefined && (version === undefined || version === program.version))
    return { type: 'ready', program }
  const toBuild = { program, backend: backendHere(env), obstacle: obstacleTo(program, env, root) }
  return version === undefined ? { type: 'missing', ...toBuild } : { type: 'old', version, ...toBuild }
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
