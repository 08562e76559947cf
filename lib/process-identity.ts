import { readFileSync } from 'node:fs'
import { execFileSync } from 'node:child_process'

/**
 * A process that can't be mistaken for a later one with the same pid: the start time tells them apart, and the boot id
 * tells two boots apart. Strings, compared whole.
 */
export interface ProcessIdentity {
  readonly pid: number
  readonly started: string
  readonly boot: string
}

/** The identity of a live process, or undefined if there is none (a zombie counts as none). */
export function identify(pid: number): ProcessIdentity | undefined {
  if (process.platform === 'linux') {
    const stat = readOrUndefined(`/proc/${pid}/stat`)
    if (stat === undefined) return undefined
    // The command name may hold spaces and brackets; fields are counted from the last bracket. proc(5): 3 is state, 22 start.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    if (fields[0] === 'Z' || fields[0] === 'X') return undefined
    return { pid, started: fields[19] ?? '', boot: bootId() }
  }
  try {
    const started = execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], {
      encoding: 'utf8',
      // Its words depend on the language and the zone, which another process may have set otherwise.
      env: { PATH: '/bin:/usr/bin', LC_ALL: 'C', TZ: 'UTC' },
    }).trim()
    return started === '' ? undefined : { pid, started, boot: '' }
  } catch {
    // ps exits with 1 for a pid that is not there; it has no other failure that would differ for the caller.
    return undefined
  }
}

/** Whether the process that had this identity still lives. */
export function isAlive(identity: ProcessIdentity): boolean {
  const now = identify(identity.pid)
  return now !== undefined && now.started === identity.started && now.boot === identity.boot
}

let boot: string | undefined
function bootId(): string {
  boot ??= (readOrUndefined('/proc/sys/kernel/random/boot_id') ?? '').trim()
  return boot
}

function readOrUndefined(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    // ESRCH: the process ended between open and read.
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ESRCH') return undefined
    throw error
  }
}
