import { processIds, residentBytes, statFields } from './group.ts'

/** Of all processes of a service together. */
export interface Usage {
  /** 1 is one core, over the time since the last measurement; 0 at the first. */
  readonly cpu: number
  /** Bytes resident in memory. Pages that two processes share count twice. */
  readonly memory: number
  readonly processes: number
}

/** proc(5): the clock of /proc ticks 100 times a second, whatever the kernel's own does. */
const msPerTick = 10

/** Measures services by their session: every process of a pty's session has its leader's pid as session id. Linux only. */
export class UsageMeter {
  #before = new Map<number, { cpuMs: number; at: number }>()

  /** By session leader's pid; one look through /proc for all of them. */
  measure(leaders: readonly number[], now = performance.now()): Map<number, Usage> {
    const sums = new Map(leaders.map(pid => [pid, { cpuMs: 0, memory: 0, processes: 0 }]))
    for (const pid of process.platform === 'linux' && leaders.length > 0 ? processIds() : []) {
      const fields = statFields(pid)
      const sum = sums.get(Number(fields?.[3]))
      if (fields === undefined || sum === undefined) continue
      // utime, stime, and those of children that have ended.
      for (const at of [11, 12, 13, 14]) sum.cpuMs += Number(fields[at]) * msPerTick
      sum.memory += residentBytes(pid)
      sum.processes += 1
    }
    const usages = new Map<number, Usage>()
    const before = this.#before
    this.#before = new Map()
    for (const [pid, { cpuMs, memory, processes }] of sums) {
      const last = before.get(pid)
      const cpu = last === undefined || now <= last.at ? 0 : Math.max(0, cpuMs - last.cpuMs) / (now - last.at)
      this.#before.set(pid, { cpuMs, at: now })
      usages.set(pid, { cpu, memory, processes })
    }
    return usages
  }
}
