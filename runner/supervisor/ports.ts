import { execFile } from 'node:child_process'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { commandOf, processIds } from './group.ts'
import type { PortHolder } from './events.ts'

/** Who listens on this TCP port of this machine: a process, `unknown` (another user's), or nobody. */
export async function portHolder(port: number): Promise<PortHolder | undefined> {
  if (process.platform !== 'linux') return await askLsof(port)
  const inodes = listeningInodes(port)
  if (inodes.size === 0) return undefined
  for (const pid of processIds()) if (holdsOneOf(pid, inodes)) return { pid, command: commandOf(pid) }
  return 'unknown'
}

/** Waits until nobody listens on the port; what is left after `ms`, or undefined when it is free. */
export async function untilPortFree(
  port: number,
  ms: number,
  signal: AbortSignal,
): Promise<PortHolder | undefined> {
  for (let waited = 0; ; waited += 50) {
    const holder = await portHolder(port)
    if (holder === undefined || waited >= ms || signal.aborted) return holder
    await delay(50)
  }
}

/** proc_net_tcp(5): column 1 the local address and port in hex, 3 the state (0A listens), 9 the socket's inode. */
function listeningInodes(port: number): Set<string> {
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  const inodes = new Set<string>()
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    for (const line of readUnlessGone(() => readFileSync(table, 'utf8'), '').split('\n')) {
      const fields = line.trim().split(/\s+/)
      const inode = fields[9]
      if (fields[1]?.endsWith(wanted) === true && fields[3] === '0A' && inode !== undefined) inodes.add(inode)
    }
  }
  return inodes
}

function holdsOneOf(pid: number, inodes: Set<string>): boolean {
  const descriptors = readUnlessGone(() => readdirSync(`/proc/${pid}/fd`), [])
  return descriptors.some(descriptor => {
    const target = readUnlessGone(() => readlinkSync(`/proc/${pid}/fd/${descriptor}`), '')
    const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1]
    return inode !== undefined && inodes.has(inode)
  })
}

function readUnlessGone<T>(read: () => T, otherwise: T): T {
  try {
    return read()
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ESRCH' || code === 'EACCES' || code === 'EPERM') return otherwise
    throw error
  }
}

async function askLsof(port: number): Promise<PortHolder | undefined> {
  const { promise, resolve } = Promise.withResolvers<string>()
  // lsof exits with 1 when nobody is there; where it is missing, nobody is found either, and the service will tell.
  execFile('lsof', ['-nP', `-iTCP:${port}`, '-sTCP:LISTEN', '-Fpc'], (_error, stdout) => resolve(stdout))
  const fields = (await promise).split('\n')
  const pid = fields.find(field => field.startsWith('p'))?.slice(1)
  const command = fields.find(field => field.startsWith('c'))?.slice(1)
  return pid === undefined ? undefined : { pid: Number(pid), command: command ?? '' }
}
