import { existsSync, lstatSync, readFileSync, readlinkSync } from 'node:fs'
import { mkdir, rename, rm, symlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import type { Io } from '../../lib/io.ts'
import { lookAtMachine, type Machine } from '../../models/machine.ts'
import type { Model } from '../../models/model.ts'
import { catalogSource, modelFile } from '../../models/source.ts'
import { checkSizes } from '../../models/verify.ts'

export type GpuKind = 'cuda' | 'vulkan'

/** `off`: nothing to gain here, or switched off. `ready`: downloaded, and where the engine looks for it. */
export type GpuSeen =
  | { readonly type: 'off' }
  | { readonly type: 'ready'; readonly kind: GpuKind }
  /** `missing`: to be downloaded; none if it has only to be linked, as after an `npm ci`. */
  | {
      readonly type: 'wanted'
      readonly kind: GpuKind
      readonly packages: readonly Model[]
      readonly missing: readonly Model[]
    }

/** What of this system says whether a graphics card can be used. */
interface System {
  readonly platform: string
  readonly machine: Pick<Machine, 'gpus'>
  readonly has: (path: string) => boolean
}

/**
 * What llama.cpp needs to answer on this machine's graphics card. Reads only; a few stats where there is none. `root`: the
 * folder of Courante itself, whose engines load it.
 */
export async function lookAtGpuRuntime(
  root: string,
  env: Io['env'],
  system = thisSystem(),
): Promise<GpuSeen> {
  const kind = env['COURANTE_GPU'] === 'off' ? undefined : gpuKindFor(system)
  if (kind === undefined || !existsSync(join(engineModules(root), 'node-llama-cpp'))) return { type: 'off' }
  const packages = await packagesOf(kind, root)
  const missing = packages.filter(model => checkSizes(model).type !== 'present')
  if (missing.length === 0 && packages.every(model => isLinked(model, root))) return { type: 'ready', kind }
  return { type: 'wanted', kind, packages, missing }
}

/** CUDA with NVIDIA's own driver, Vulkan for a card with memory of its own; a built-in one is no faster than the processor. */
export function gpuKindFor({ platform, machine, has }: System): GpuKind | undefined {
  if (platform !== 'linux-x64') return undefined
  const hasDriver = has('/dev/nvidiactl') || has('/usr/lib/wsl/lib/libcuda.so.1')
  if (hasDriver && machine.gpus.some(({ vendor }) => vendor === 'nvidia')) return 'cuda'
  const folders = ['/usr/lib/x86_64-linux-gnu', '/usr/lib64', '/usr/lib']
  const hasLoader = folders.some(folder => has(join(folder, 'libvulkan.so.1')))
  const isDiscrete = machine.gpus.some(
    ({ vendor, memory = 0 }) => (vendor === 'amd' || vendor === 'intel') && memory > 2e9,
  )
  return hasLoader && isDiscrete ? 'vulkan' : undefined
}

/** Puts the packages where the engine looks for them, in place of the empty ones; any number of times. */
export async function linkGpuRuntime(packages: readonly Model[], root: string): Promise<void> {
  for (const model of packages) {
    const link = linkOf(model, root)
    await mkdir(dirname(link), { recursive: true })
    const hidden = `${link}.courante-new`
    await rm(hidden, { recursive: true, force: true })
    await symlink(model.folder, hidden)
    // A folder can't be replaced by a rename; between the two, the engine works without a card.
    await rm(link, { recursive: true, force: true })
    await rename(hidden, link)
  }
}

/** All packages of a kind, with their place on this disk. */
export async function packagesOf(kind: GpuKind, root: string): Promise<Model[]> {
  const { parse } = await import('yaml')
  const text = readFileSync(join(import.meta.dirname, 'gpu-runtimes.yaml'), 'utf8')
  const base = join(root, '.runtime/gpu')
  return table.parse(parse(text))[kind].map(({ name, from, files }) => ({
    id: name,
    why: 'language models on the graphics card',
    licence: 'MIT',
    from,
    base,
    folder: join(base, name),
    files,
  }))
}

const packages = z.array(z.strictObject({ name: z.string(), from: catalogSource, files: z.array(modelFile) }))
const table = z.strictObject({ cuda: packages, vulkan: packages })

function isLinked(model: Model, root: string): boolean {
  const link = linkOf(model, root)
  const stat = lstatSync(link, { throwIfNoEntry: false })
  return stat?.isSymbolicLink() === true && readlinkSync(link) === model.folder
}

function linkOf(model: Model, root: string): string {
  return join(engineModules(root), '@node-llama-cpp', model.id)
}

function engineModules(root: string): string {
  return join(root, 'services/engines/node_modules')
}

function thisSystem(): System {
  return { platform: `${process.platform}-${process.arch}`, machine: lookAtMachine(), has: existsSync }
}
