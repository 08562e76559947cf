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

/**
 * `off`: nothing to gain here, or switched off. `bare`: a card with its driver, and without the libraries of the system that any of
 * our packages needs. `ready`: downloaded, and where the engine looks for it.
 */
export type GpuSeen =
  | { readonly type: 'off' }
  | { readonly type: 'bare' }
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
  if (env['COURANTE_GPU'] === 'off' || !existsSync(join(engineModules(root), 'node-llama-cpp')))
    return { type: 'off' }
  const kind = gpuKindFor(system)
  if (kind === undefined) return { type: hasNvidia(system) ? 'bare' : 'off' }
  const packages = await packagesOf(kind, root)
  const missing = packages.filter(model => checkSizes(model).type !== 'present')
  if (missing.length === 0 && packages.every(model => isLinked(model, root))) return { type: 'ready', kind }
  return { type: 'wanted', kind, packages, missing }
}

/**
 * CUDA with NVIDIA's own driver and CUDA's runtime, which is no part of the driver, nor of our package, and which node-llama-cpp
 * looks for before it takes that. Else Vulkan, for a card with memory of its own; a built-in one is no faster than the processor.
 */
export function gpuKindFor(system: System): GpuKind | undefined {
  const { platform, machine, has } = system
  if (platform !== 'linux-x64') return undefined
  const isThere = (name: string, folders: readonly string[]): boolean =>
    folders.some(folder => has(join(folder, name)))
  const isNvidia = hasNvidia(system)
  if (
    isNvidia &&
    ['12', '13'].some(version =>
      ['cudart', 'cublas', 'cublasLt'].every(name =>
        isThere(`lib${name}.so.${version}`, [...libraryFolders, ...cudaFolders(version)]),
      ),
    )
  )
    return 'cuda'
  const isDiscrete = machine.gpus.some(
    ({ vendor, memory = 0 }) => (vendor === 'amd' || vendor === 'intel') && memory > 2e9,
  )
  // The loader finds the driver by such a file; a container may have the driver for CUDA only.
  const hasVulkan = isNvidia && isThere('nvidia_icd.json', ['/usr/share/vulkan/icd.d', '/etc/vulkan/icd.d'])
  return isThere('libvulkan.so.1', libraryFolders) && (isDiscrete || hasVulkan) ? 'vulkan' : undefined
}

const libraryFolders = ['/usr/lib/x86_64-linux-gnu', '/usr/lib64', '/usr/lib']

/** Where NVIDIA's own packages put them. */
function cudaFolders(version: string): string[] {
  const minors = Array.from({ length: 10 }, (_, minor) => `/usr/local/cuda-${version}.${minor}`)
  return ['/usr/local/cuda', `/usr/local/cuda-${version}`, ...minors].flatMap(folder => [
    join(folder, 'targets/x86_64-linux/lib'),
    join(folder, 'lib64'),
  ])
}

/** A card, and the driver's part for programs that compute. */
function hasNvidia({ platform, machine, has }: System): boolean {
  const hasDriver = has('/dev/nvidiactl') || has('/usr/lib/wsl/lib/libcuda.so.1')
  return platform === 'linux-x64' && hasDriver && machine.gpus.some(({ vendor }) => vendor === 'nvidia')
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
