import { spawnSync } from 'node:child_process'
import { isAbsolute } from 'node:path'
import { findOnPath, isExecutable } from '../../lib/find-on-path.ts'
import type { Io } from '../../lib/io.ts'
import type { KnownModel } from '../../models/inventory.ts'
import {
  diffusionNames,
  isDiffusionHelp,
  programNames,
  programPath,
  programSources,
} from '../../models/programs.ts'

/** A program of others that an engine starts. */
export interface NeededProgram {
  readonly name: string
  /** What the model's settings say, where they do: then it is that one or none. */
  readonly named: string | undefined
  /** Undefined: it is not on this machine. */
  readonly path: string | undefined
  /** Whether it can be built here. */
  readonly canBuild: boolean
}

/** Undefined: the engine of this model does it all. */
export function programFor({ engine, settings }: KnownModel, { env }: Io): NeededProgram | undefined {
  const { program } = settings
  const named = typeof program === 'string' || program === undefined ? program : JSON.stringify(program)
  const name = programNames.find(one => programSources[one].engines.includes(engine))
  if (name !== undefined) return { name, named, path: programPath(name, { env, settings }), canBuild: true }
  if (engine !== 'diffusion') return undefined
  const path =
    named === undefined
      ? diffusionNames.map(one => painterOnPath(one, env)).find(one => one !== undefined)
      : isAbsolute(named) && isExecutable(named)
        ? named
        : undefined
  return { name: diffusionNames[0], named, path, canBuild: false }
}

/** `sd` may be another program; it is asked. */
function painterOnPath(name: (typeof diffusionNames)[number], env: Io['env']): string | undefined {
  const path = findOnPath(name, env['PATH'])
  if (path === undefined || name !== 'sd') return path
  const { stdout, stderr } = spawnSync(path, ['--help'], {
    env,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 5000,
    killSignal: 'SIGKILL',
  })
  return isDiffusionHelp(`${stdout}\n${stderr}`) ? path : undefined
}
