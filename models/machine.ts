import { statfsSync } from 'node:fs'
import { availableParallelism, totalmem } from 'node:os'
import { dirname, join } from 'node:path'
import { namesIn, textOf, unreachable } from '../lib/reachable.ts'
import { nvidiaSmi } from './nvidia-smi.ts'

export interface Gpu {
  readonly vendor: 'nvidia' | 'amd' | 'intel' | 'apple'
  /**
   * Bytes that models may have there; of Apple's, which has none of its own, the machine's budget. Undefined where the
   * system does not say without a program of the vendor's (see measureGpus).
   */
  readonly memory: number | undefined
}

/** What models have to fit into. */
export interface Machine {
  /** Bytes that this process and its children may have at all: the container's limit, where there is one. */
  readonly memory: number
  /** Bytes for all models together: three quarters of it, the rest is for everything else on the machine. */
  readonly budget: number
  readonly cores: number
  readonly gpus: readonly Gpu[]
}

/** Reads a few small files, starts nothing: a millisecond. `root`: of the file system. */
export function lookAtMachine(root = '/'): Machine {
  const limit = process.constrainedMemory()
  const memory = limit > 0 ? Math.min(limit, totalmem()) : totalmem()
  const budget = Math.floor(0.75 * memory)
  const isMac = process.platform === 'darwin' && root === '/'
  return { memory, budget, cores: availableParallelism(), gpus: isMac ? appleGpu(budget) : gpusOf(root) }
}

/**
 * The same GPUs with their memory where a program has to be asked for it: NVIDIA's cards by nvidia-smi, 5 s at most. A card
 * that it does not know, or no nvidia-smi, is a card without a driver, which can't be used. Rejects if the signal aborts.
 */
export async function measureGpus(
  gpus: readonly Gpu[],
  signal: AbortSignal,
  program?: string,
  timeoutMs?: number,
): Promise<Gpu[]> {
  if (!gpus.some(({ vendor }) => vendor === 'nvidia')) return [...gpus]
  const others = gpus.filter(({ vendor }) => vendor !== 'nvidia')
  const told = await nvidiaSmi('memory.total', signal, program, timeoutMs)
  signal.throwIfAborted()
  const cards = told.flatMap((line): Gpu[] => {
    const mebibytes = /^\s*(\d+)\s*$/.exec(line)?.[1]
    // One that shares the machine's memory says [N/A].
    if (mebibytes === undefined) return /N\/A/.test(line) ? [{ vendor: 'nvidia', memory: undefined }] : []
    return [{ vendor: 'nvidia', memory: Number(mebibytes) * 2 ** 20 }]
  })
  return [...cards, ...others]
}

/** Bytes that are free for us on the disk of a folder that may not be there yet; undefined where nobody says. */
export function freeSpace(folder: string): number | undefined {
  for (let at = folder; ; at = dirname(at)) {
    try {
      const { bavail, bsize } = statfsSync(at)
      return bavail * bsize
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === undefined || !unreachable.has(code)) throw error
      if (at === dirname(at)) return undefined
    }
  }
}

/** PCI's numbers of the makers. */
const vendors: Readonly<Record<string, Gpu['vendor']>> = {
  '0x10de': 'nvidia',
  '0x1002': 'amd',
  '0x8086': 'intel',
}

function appleGpu(budget: number): Gpu[] {
  return process.arch === 'arm64' ? [{ vendor: 'apple', memory: budget }] : []
}

function gpusOf(root: string): Gpu[] {
  const drm = join(root, 'sys/class/drm')
  const found = namesIn(drm)
    .filter(name => /^card\d+$/.test(name))
    .flatMap((name): Gpu[] => {
      const vendor = vendors[textOf(join(drm, name, 'device/vendor')).trim()]
      // Of the amdgpu driver, ROCm's too.
      const memory = Number(textOf(join(drm, name, 'device/mem_info_vram_total')))
      return vendor === undefined ? [] : [{ vendor, memory: memory > 0 ? memory : undefined }]
    })
  if (found.some(({ vendor }) => vendor === 'nvidia')) return found
  // In WSL2, and on servers without a screen, it has no card there.
  const isThere =
    namesIn(join(root, 'proc/driver/nvidia/gpus')).length > 0 ||
    namesIn(join(root, 'dev')).includes('nvidiactl') ||
    namesIn(join(root, 'usr/lib/wsl/lib')).includes('nvidia-smi')
  return isThere ? [...found, { vendor: 'nvidia', memory: undefined }] : found
}
