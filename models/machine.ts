import { readdirSync, readFileSync, statfsSync } from 'node:fs'
import { availableParallelism, totalmem } from 'node:os'
import { dirname, join } from 'node:path'
import { unreachable } from './stat-file.ts'

export interface Gpu {
  readonly vendor: 'nvidia' | 'amd' | 'intel' | 'apple'
  /** Bytes of its own; undefined where the system does not say without a program of the vendor's. */
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

/** Reads a few small files, starts nothing: a millisecond. */
export function lookAtMachine(drm = '/sys/class/drm'): Machine {
  const limit = process.constrainedMemory()
  const memory = limit > 0 ? Math.min(limit, totalmem()) : totalmem()
  return { memory, budget: Math.floor(0.75 * memory), cores: availableParallelism(), gpus: gpusOf(drm) }
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

function gpusOf(drm: string): Gpu[] {
  if (process.platform === 'darwin')
    return process.arch === 'arm64' ? [{ vendor: 'apple', memory: undefined }] : []
  const found = namesIn(drm)
    .filter(name => /^card\d+$/.test(name))
    .flatMap((name): Gpu[] => {
      const vendor = vendors[textOf(join(drm, name, 'device/vendor')).trim()]
      const memory = Number(textOf(join(drm, name, 'device/mem_info_vram_total')))
      return vendor === undefined ? [] : [{ vendor, memory: memory > 0 ? memory : undefined }]
    })
  if (found.some(({ vendor }) => vendor === 'nvidia')) return found
  // In WSL2, and on servers without a screen, it has no card there.
  const isThere = namesIn('/proc/driver/nvidia/gpus').length > 0 || namesIn('/dev').includes('nvidiactl')
  return isThere ? [...found, { vendor: 'nvidia', memory: undefined }] : found
}

function namesIn(folder: string): string[] {
  return reachableOr([], () => readdirSync(folder))
}

function textOf(path: string): string {
  return reachableOr('', () => readFileSync(path, 'utf8'))
}

function reachableOr<T>(otherwise: T, read: () => T): T {
  try {
    return read()
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== undefined && unreachable.has(code)) return otherwise
    throw error
  }
}
