import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'

/**
 * Threads for a model: one core stays free for everything else, and hyper-threads don't count, since with more threads
 * than cores the runtimes' spinning workers get in each other's way (a hundred times slower was seen). A small model gains
 * nothing from many.
 */
export function modelThreads(cores: number = physicalCores()): number {
  return Math.max(1, Math.min(cores - 1, 4))
}

function physicalCores(): number {
  const logical = availableParallelism()
  if (process.platform !== 'linux') return logical
  const text = readFileSync('/proc/cpuinfo', 'utf8')
  const cores = new Set<string>()
  for (const cpu of text.split('\n\n')) {
    const core = /^core id\s*: (\d+)/m.exec(cpu)?.[1]
    // ARM's cpuinfo names no cores; there are no hyper-threads either.
    if (core !== undefined) cores.add(`${/^physical id\s*: (\d+)/m.exec(cpu)?.[1] ?? '0'} ${core}`)
  }
  return cores.size === 0 ? logical : Math.min(cores.size, logical)
}
