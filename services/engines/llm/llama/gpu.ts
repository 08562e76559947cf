import { existsSync } from 'node:fs'
import { join } from 'node:path'

const modules = join(import.meta.dirname, '../../node_modules/@node-llama-cpp')

/**
 * Whether a graphics card is to be tried: where the installer has put a package for one (`bins` is what the empty packages in
 * their places lack), unless COURANTE_GPU=off. llama.cpp itself falls back to the processor where none answers.
 */
export function wantsGpu(env: Readonly<Record<string, string | undefined>>): boolean {
  if (env['COURANTE_GPU'] === 'off') return false
  return ['linux-x64-cuda', 'linux-x64-vulkan'].some(name => existsSync(join(modules, name, 'bins')))
}
