import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import {
  commandOf,
  isLiving,
  processesWith,
  processIds,
  signalProcess,
  statFields,
} from '../../runner/supervisor/group.ts'
import type { OwnProcess } from './subject.ts'

/**
 * Every process that a subject started, wherever it has gone: those that carry its mark in their environment, all below
 * them, and what was seen of them before (our guard has an environment of its own, and a new parent when ours is killed).
 */
export class Family {
  readonly #mark: string
  /** By pid, the start time: a pid may come again. */
  readonly #seen = new Map<number, string>()

  constructor(mark: string) {
    this.#mark = mark
  }

  living(): OwnProcess[] {
    const all = new Map<number, { parent: number; started: string }>()
    for (const pid of processIds()) {
      const fields = statFields(pid)
      if (fields === undefined || fields[0] === 'Z' || fields[0] === 'X') continue
      all.set(pid, { parent: Number(fields[1]), started: fields[19] ?? '' })
    }
    const marked = new Set(processesWith(this.#mark))
    const belongs = (pid: number): boolean => {
      const process = all.get(pid)
      if (process === undefined) return false
      if (marked.has(pid) || this.#seen.get(pid) === process.started) return true
      return belongs(process.parent)
    }
    return [...all]
      .filter(([pid]) => belongs(pid))
      .map(([pid, { parent, started }]) => {
        this.#seen.set(pid, started)
        return { pid, parent, command: commandOf(pid) }
      })
  }

  /** Everything but the children and what is below them. */
  own(children: ReadonlySet<number>): OwnProcess[] {
    const living = this.living()
    const parents = new Map(living.map(({ pid, parent }) => [pid, parent]))
    const isChild = (pid: number | undefined): boolean =>
      pid !== undefined && (children.has(pid) || isChild(parents.get(pid)))
    return living.filter(({ pid }) => !isChild(pid))
  }

  /** Kills all of it, again until nothing is left. */
  async end(): Promise<void> {
    for (const end = Date.now() + 3000; Date.now() < end; await delay(20)) {
      if (this.endOnce() === 0) return
    }
    throw new Error(`cannot be ended: ${JSON.stringify(this.living())}`)
  }

  endOnce(): number {
    const living = this.living()
    for (const { pid } of living) signalProcess(pid, 'SIGKILL')
    return living.length
  }
}

export function isAlive(pid: number): boolean {
  return isLiving(pid)
}

/** proc(5): 100 ticks a second; its own time, and that of children that have ended and were waited for. */
export function cpuMs(pids: readonly number[]): Map<number, number> {
  return new Map(
    pids.map(pid => {
      const fields = statFields(pid) ?? []
      return [pid, [11, 12, 13, 14].reduce((sum, at) => sum + Number(fields[at] ?? 0) * 10, 0)]
    }),
  )
}

/** Nanoseconds on a CPU of each thread: /proc/<pid>/stat is too coarse for a tenth of a percent. */
export function threadNs(pids: readonly number[]): Map<number, number> {
  const times = new Map<number, number>()
  for (const pid of pids) {
    for (const thread of gone(() => readdirSync(`/proc/${pid}/task`)) ?? []) {
      const text = gone(() => readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'latin1'))
      if (text !== undefined) times.set(Number(thread), Number(text.split(' ')[0]))
    }
  }
  return times
}

/** What was added between two looks; who was not there before counts whole. */
export function added(before: ReadonlyMap<number, number>, after: ReadonlyMap<number, number>): number {
  return [...after].reduce((sum, [id, time]) => sum + Math.max(0, time - (before.get(id) ?? 0)), 0)
}

export interface Memory {
  /** Bytes; of shared pages each process counts its part only. */
  readonly pss: number
  readonly rss: number
  /** The sum of each process's own peak. */
  readonly peak: number
}

export function memory(pids: readonly number[]): Memory {
  const sum = { rss: 0, pss: 0, peak: 0 }
  for (const pid of pids) {
    const status = gone(() => readFileSync(`/proc/${pid}/status`, 'latin1')) ?? ''
    const rollup = gone(() => readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1')) ?? ''
    const kilobytes = (text: string, key: string): number =>
      Number(new RegExp(`^${key}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0) * 1024
    sum.rss += kilobytes(status, 'VmRSS')
    sum.peak += kilobytes(status, 'VmHWM')
    sum.pss += kilobytes(rollup, 'Pss')
  }
  return sum
}

/** undefined for what ended meanwhile. */
function gone<T>(look: () => T): T | undefined {
  try {
    return look()
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ESRCH') return undefined
    throw error
  }
}
