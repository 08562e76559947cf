import { findOnPath } from '../../lib/find-on-path.ts'
import type { Io } from '../../lib/io.ts'
import type { KnownModel } from '../../models/inventory.ts'
import { programNames, programPath, programSources } from '../../models/programs.ts'

/** A program of others that an engine starts. */
export interface NeededProgram {
  readonly name: string
  /** Undefined: it is not on this machine. */
  readonly path: string | undefined
  /** Whether it can be built here. */
  readonly canBuild: boolean
}

/** Undefined: the engine of this model does it all. */
export function programFor({ engine, settings }: KnownModel, { env }: Io): NeededProgram | undefined {
  const name = programNames.find(one => programSources[one].engines.includes(engine))
  if (name !== undefined) return { name, path: programPath(name, { env, settings }), canBuild: true }
  if (engine !== 'diffusion') return undefined
  const { program } = settings
  const found = diffusionNames.map(one => findOnPath(one, env['PATH'])).find(one => one !== undefined)
  return { name: diffusionNames[0], path: typeof program === 'string' ? program : found, canBuild: false }
}

/** Under which names stable-diffusion.cpp is installed, now and in older versions. */
const diffusionNames = ['sd-server', 'sd-cli', 'sd'] as const
