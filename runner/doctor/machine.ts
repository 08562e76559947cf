import { readlinkSync, statSync } from 'node:fs'
import { freemem } from 'node:os'
import { dirname } from 'node:path'
import type { Io } from '../../lib/io.ts'
import { namesIn, reachableOr, textOf } from '../../lib/reachable.ts'
import { readCore } from '../../models/core-view.ts'
import { type Gpu, freeSpace, lookAtMachine, measureGpus } from '../../models/machine.ts'
import type { Check } from './check.ts'
import { says } from './messages.ts'
import type { Subject } from './subject.ts'

export async function memoryAndGpus(signal: AbortSignal): Promise<Check[]> {
  const { memory, cores, gpus: seen } = lookAtMachine()
  const gpus = await measureGpus(seen, signal)
  const free = Math.min(freeMemory(), memory)
  return [
    says.memory(memory, free, cores),
    ...(free < 500e6 ? [says.memoryLow(free)] : []),
    ...(seen.some(isNvidia) && !gpus.some(isNvidia) ? [says.noDriver()] : []),
    ...(seen.length === 0 ? [says.noGpu()] : gpus.map(gpu => says.gpu(gpu.vendor, gpu.memory))),
  ]
}

function isNvidia({ vendor }: Gpu): boolean {
  return vendor === 'nvidia'
}

/** What core makes of the graphics card, where one is running. */
export function cardBudget(home: string, env: Io['env'] = {}): Check[] {
  if (env['COURANTE_GPU'] === 'off') return [says.cardOff()]
  const core = readCore(home)
  const budget = core?.budget['gpu']
  if (core === undefined || budget === undefined) return []
  return [
    says.cardBudget(core.used['gpu'] ?? 0, budget),
    ...core.models.flatMap(({ id, offCard }) =>
      offCard ? [says.offCard(id, offCard.since, offCard.why)] : [],
    ),
  ]
}

/** What programs can have at once; Node's freemem counts what the kernel only caches as taken on some systems. */
function freeMemory(): number {
  const line = /^MemAvailable:\s+(\d+) kB$/m.exec(textOf('/proc/meminfo'))
  return line === null ? freemem() : Number(line[1]) * 1024
}

/** `least`: bytes below which it is worth a warning. */
export function disks({ home, modelsDir }: Pick<Subject, 'home' | 'modelsDir'>, least: number): Check[] {
  const seen = new Set<number>()
  return [home, modelsDir].flatMap(path => {
    const free = freeSpace(path)
    const disk = diskOf(path)
    if (free === undefined || seen.has(disk)) return []
    seen.add(disk)
    return [free < least ? says.diskLow(path, free) : says.disk(path, free)]
  })
}

/** Of a folder that may not be there yet. */
function diskOf(path: string): number {
  const disk = reachableOr(undefined, () => statSync(path).dev)
  return disk ?? (path === dirname(path) ? 0 : diskOf(dirname(path)))
}

/** The kernel's limits on watching files. 8,192 watches were Linux's default for long, and are too few for a web project. */
export function inotify(): Check[] {
  if (process.platform !== 'linux') return []
  const limits = [
    ['max_user_watches', 16_384],
    ['max_user_instances', 128],
  ] as const
  const low = limits.flatMap(([name, want]) => {
    const have = Number(textOf(`/proc/sys/fs/inotify/${name}`).trim() || Number.NaN)
    return have < want ? [says.inotifyLow(name, have, want)] : []
  })
  if (low.length > 0) return low
  const [watches, instances] = limits.map(([name]) => textOf(`/proc/sys/fs/inotify/${name}`).trim())
  return watches === ''
    ? []
    : [says.inotify(`inotify: ${watches} watches and ${instances} instances for a user`)]
}

/** How many of them are taken; looks through all our processes, so not for each start. */
export function inotifyUse(): Check[] {
  const most = Number(textOf('/proc/sys/fs/inotify/max_user_instances').trim())
  if (!(most > 0)) return []
  let used = 0
  for (const pid of namesIn('/proc').filter(name => /^\d+$/.test(name)))
    for (const fd of namesIn(`/proc/${pid}/fd`))
      if (reachableOr('', () => readlinkSync(`/proc/${pid}/fd/${fd}`)) === 'anon_inode:inotify') used++
  return used > 0.8 * most ? [says.inotifyUsed(used, most)] : []
}

export function openFiles(): Check[] {
  // Of a process that we start, which is what counts: Node has raised its own as far as it goes.
  const most = Number(/^Max open files\s+(\d+)/m.exec(textOf('/proc/self/limits'))?.[1] ?? Number.NaN)
  if (Number.isNaN(most)) return []
  return [most < 1024 ? says.openFilesLow(most) : says.openFiles(most)]
}

export function terminal({ stdout, env }: Io): Check[] {
  if (stdout.isTTY !== true) return [says.noTerminal()]
  const term = env['TERM'] ?? ''
  const columns = stdout.columns ?? 80
  const locale = env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'] || 'C'
  const faults = [
    ...(term === '' || term === 'dumb' ? [says.terminalDumb(term)] : []),
    ...(columns < 80 ? [says.terminalNarrow(columns)] : []),
    // A Mac's programs write UTF-8 in any locale.
    ...(process.platform === 'linux' && !/utf-?8/i.test(locale) ? [says.terminalAscii(locale)] : []),
  ]
  return faults.length > 0 ? faults : [says.terminal(term, columns)]
}
