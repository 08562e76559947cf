import { once } from 'node:events'
import { readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { makeSocketDir } from '../../../lib/socket-dir.ts'
import { childrenOf } from './process-tree.ts'

type Env = Readonly<Record<string, string | undefined>>

/** Who listens at a place. */
export type Holder = 'nobody' | 'child' | 'stranger'

/** Where a child is to listen. */
export interface ListeningPlace {
  readonly url: string
  readonly socketPath?: string
  /** Asked before anything is said there. */
  holder(child: number): Holder
  /** For a child that ended: whether somebody else has its place. */
  isTaken(): Promise<boolean>
  /** After the end of the child. */
  leave(): void
}

/** Which all children have in common: closed to others, and the only files in it are sockets. */
export function engineFolder(env: Env): string {
  const runtime = env['XDG_RUNTIME_DIR']
  const folder =
    runtime === undefined || runtime === ''
      ? join(tmpdir(), `courante-engines-${userInfo().uid}`)
      : join(runtime, 'courante-engines')
  makeSocketDir(folder)
  return folder
}

/** A port of the loopback that is free now; anybody may take it before the child does. */
export class LoopbackPort implements ListeningPlace {
  readonly port: number
  /** Some systems that call themselves Linux have an empty table of sockets. */
  readonly #canTell: boolean

  static async find(): Promise<LoopbackPort> {
    const server = createServer()
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const canTell = holderOf(port, process.pid) === 'child'
    server.close()
    await once(server, 'close')
    return new LoopbackPort(port, canTell)
  }

  private constructor(port: number, canTell: boolean) {
    this.port = port
    this.#canTell = canTell
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  /** `child` where the system does not tell. */
  holder(child: number): Holder {
    return this.#canTell ? holderOf(this.port, child) : 'child'
  }

  async isTaken(): Promise<boolean> {
    const server = createServer()
    try {
      const listening = once(server, 'listening')
      server.listen(this.port, '127.0.0.1')
      await listening
      return false
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
      return true
    } finally {
      server.close()
    }
  }

  leave(): void {}
}

let made = 0

/** A Unix socket in a folder that is closed to others: nobody else can take it or connect to it. */
export class PrivateSocket implements ListeningPlace {
  readonly url = 'http://localhost'
  readonly socketPath: string

  constructor(env: Env) {
    const folder = engineFolder(env)
    sweep(folder)
    this.socketPath = join(folder, `${process.pid}-${++made}.sock`)
    process.once('exit', this.leave)
  }

  holder(): Holder {
    return 'child'
  }

  isTaken(): Promise<boolean> {
    return Promise.resolve(false)
  }

  readonly leave = (): void => {
    process.off('exit', this.leave)
    rmSync(this.socketPath, { force: true })
  }
}

/** Removes the sockets of engines that were killed. */
function sweep(folder: string): void {
  for (const name of readdirSync(folder)) {
    const pid = /^(\d+)-\d+\.sock$/.exec(name)?.[1]
    if (pid !== undefined && !isAlive(Number(pid))) rmSync(join(folder, name), { force: true })
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}

/** `stranger` also where both listen: programs may share a port, and then nobody knows who gets a request. */
function holderOf(port: number, pid: number): Holder {
  const listeners = ['/proc/net/tcp', '/proc/net/tcp6'].flatMap(table => listenersAt(port, table))
  if (listeners.length === 0) return 'nobody'
  const own = socketsOf(pid)
  return own === undefined || listeners.every(inode => own.has(inode)) ? 'child' : 'stranger'
}

const listening = '0A'

/** The inodes of their sockets: https://docs.kernel.org/networking/proc_net_tcp.html. */
function listenersAt(port: number, table: string): string[] {
  const hex = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  return (unlessGone(() => readFileSync(table, 'latin1')) ?? '').split('\n').flatMap(line => {
    const [, local = '', , state, , , , , , inode = ''] = line.trim().split(/\s+/)
    return state === listening && local.endsWith(hex) ? [inode] : []
  })
}

/** Of a process and those that it started. Undefined where it may not be looked at, as with some privileges. */
function socketsOf(pid: number): Set<string> | undefined {
  const all = new Set<string>()
  for (const one of [pid, ...childrenOf(pid)]) {
    try {
      for (const fd of readdirSync(`/proc/${one}/fd`)) {
        const target = unlessGone(() => readlinkSync(`/proc/${one}/fd/${fd}`))
        const inode = /^socket:\[(\d+)\]$/.exec(target ?? '')?.[1]
        if (inode !== undefined) all.add(inode)
      }
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'EACCES' || code === 'EPERM') return undefined
      if (code !== 'ENOENT' && code !== 'ESRCH') throw error
    }
  }
  return all
}

function unlessGone<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'ENOENT' && code !== 'ESRCH') throw error
    return undefined
  }
}
