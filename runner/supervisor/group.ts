import { readdirSync, readFileSync } from 'node:fs'

/** Sends a signal to every process of a group; false when the group is gone. */
export function signalGroup(pgid: number, signal: NodeJS.Signals): boolean {
  return signalProcess(-pgid, signal)
}

/** As `process.kill`, but false for what is not there any more, or is not ours. */
export function signalProcess(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ESRCH' || code === 'EPERM') return false
    throw error
  }
}

/**
 * Whether no process of the group lives. A zombie is dead: where nobody reaps orphans (a container whose first process
 * does not), `kill` would find it for ever.
 */
export function isGroupEmpty(pgid: number): boolean {
  if (!signalProcess(-pgid, 0)) return true
  if (process.platform !== 'linux') return false
  return !membersOf(pgid).some(isLiving)
}

/** The processes of a group. Linux only. */
export function membersOf(pgid: number): number[] {
  if (process.platform !== 'linux') return []
  return processIds().filter(pid => statFields(pid)?.[2] === String(pgid))
}

/** Not gone, and not a zombie. Linux only. */
export function isLiving(pid: number): boolean {
  const state = statFields(pid)?.[0]
  return state !== undefined && state !== 'Z' && state !== 'X'
}

/**
 * The processes whose environment holds all these entries (`NAME=value`), wherever they have hidden: a daemon leaves its
 * group, its session and its terminal, but it keeps the environment. Linux only; elsewhere none are found.
 */
export function processesWith(...entries: string[]): number[] {
  if (process.platform !== 'linux') return []
  return processIds().filter(pid => {
    if (pid === process.pid) return false
    const environ = readProc(`/proc/${pid}/environ`)
    if (environ === undefined || environ === '') return false
    const found = `\0${environ}`
    return entries.every(entry => found.includes(`\0${entry}\0`))
  })
}

/** The process group, or undefined for a process that is gone. Linux only. */
export function groupOf(pid: number): number | undefined {
  const group = statFields(pid)?.[2]
  return group === undefined ? undefined : Number(group)
}

/** What a person would recognise the process by. */
export function commandOf(pid: number): string {
  return (readProc(`/proc/${pid}/cmdline`) ?? '').replaceAll('\0', ' ').trim()
}

/** Memory that the process has in RAM, in bytes; 0 for one that is gone. Linux only. */
export function residentBytes(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readProc(`/proc/${pid}/status`) ?? '')?.[1] ?? 0) * 1024
}

export function processIds(): number[] {
  return readdirSync('/proc').map(Number).filter(Number.isInteger)
}

/** proc(5), counted from the state: 0 state, 1 parent, 2 group, 3 session, 11 to 14 CPU ticks. */
export function statFields(pid: number): string[] | undefined {
  const stat = readProc(`/proc/${pid}/stat`)
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')
}

function readProc(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1')
  } catch (error) {
    // Ended meanwhile, or somebody else's.
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ESRCH' || code === 'EACCES' || code === 'EPERM') return undefined
    throw error
  }
}
