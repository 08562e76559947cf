import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { stringify } from 'yaml'
import { socketDir } from '../../lib/socket-dir.ts'
import type { Stack } from '../../runner/stack/model.ts'
import { connect, type ControlClient } from '../../runner/supervisor/control-client.ts'
import type { Status } from '../../runner/supervisor/events.ts'
import {
  commandOf,
  isLiving,
  processesWith,
  processIds,
  signalProcess,
  statFields,
} from '../../runner/supervisor/group.ts'
import { readSupervisorFile } from '../../runner/supervisor/state-file.ts'
import { sweepStaleRun } from '../../runner/supervisor/sweep.ts'
import { root } from './our-stack.ts'
import { Terminal } from './terminal.ts'

/** One service as the stack file has it. */
export type Settings = Record<string, unknown> & { command: string | string[] }

/** A small stack that a person brings up in a terminal. On disposal, whatever state it is in, nothing of it lives on. */
export class ShownStack implements AsyncDisposable {
  readonly folder: string
  readonly home: string
  readonly file: string
  /** What programs of the test note things in; also in their environment, as STORY. */
  readonly story: string
  readonly #services: readonly string[]
  #terminal: Terminal | undefined

  private constructor(folder: string, services: readonly string[]) {
    this.folder = folder
    this.home = join(folder, 'var')
    this.file = join(folder, 'stack.yaml')
    this.story = join(folder, 'story')
    this.#services = services
  }

  /** `more`: what else stands in the stack file. */
  static async make(services: Record<string, Settings>, more: object = {}): Promise<ShownStack> {
    const folder = await mkdtemp(join(tmpdir(), 'courante-shown-'))
    const made = new ShownStack(folder, Object.keys(services))
    await mkdir(join(folder, 'run'), { mode: 0o700 })
    const full = Object.entries(services).map(([name, service]) => [
      name,
      { ...service, env: { STORY: made.story, ...(service['env'] as object | undefined) } },
    ])
    await writeFile(
      made.file,
      stringify({ name: 'small', services: Object.fromEntries(full) as object, ...more }),
    )
    return made
  }

  get terminal(): Terminal {
    if (this.#terminal === undefined) throw new Error('no terminal is open')
    return this.#terminal
  }

  get sockets(): string {
    return socketDir(this.home, { XDG_RUNTIME_DIR: join(this.folder, 'run') })
  }

  /** Opens a terminal; the one before is closed. */
  async open(size: { columns: number; rows: number } = { columns: 140, rows: 40 }): Promise<Terminal> {
    await this.#terminal?.[Symbol.asyncDispose]()
    const env = { XDG_RUNTIME_DIR: join(this.folder, 'run'), CI: undefined, COLORTERM: 'truecolor' }
    this.#terminal = await Terminal.open({ ...size, cwd: root, env })
    return this.#terminal
  }

  /** `courante …` as a line to type. */
  command(...words: string[]): string {
    // tmux calls itself screen; to programs of the test it is what most people have.
    return `TERM=xterm-256color ${join(root, 'courante')} ${words.join(' ')} --stack ${this.file}`
  }

  /** Types `up` with that console, in the open terminal or a new one. */
  async typeUp(console: string): Promise<Terminal> {
    if (this.#terminal === undefined) await this.open()
    await this.terminal.type(`${this.command('up', '--yes', '--console', console)}; echo ended with $?`)
    return this.terminal
  }

  /** Also waits until all services are ready. */
  async up(console: string): Promise<Terminal> {
    const terminal = await this.typeUp(console)
    await this.ready()
    return terminal
  }

  /** The supervisor's status, undefined where none answers. */
  async status(): Promise<Status | undefined> {
    const connection = await connect(join(this.sockets, 'control.sock'))
    return connection.running ? connection.status : undefined
  }

  async client(): Promise<ControlClient> {
    const connection = await connect(join(this.sockets, 'control.sock'), 10_000)
    if (connection.running) return connection.client
    throw new Error(`no supervisor: ${connection.reason}\n${await this.tale()}`)
  }

  async until<T>(
    what: string,
    look: () => T | undefined | Promise<T | undefined>,
    withinMs = 20_000,
  ): Promise<T> {
    for (const end = Date.now() + withinMs; Date.now() < end; await delay(20)) {
      const found = await look()
      if (found !== undefined && found !== false) return found
    }
    throw new Error(`${what}: not within ${withinMs / 1000} s\n${await this.tale()}`)
  }

  async ready(): Promise<Status> {
    return await this.until('all ready', async () => {
      const status = await this.status()
      return status?.ready === true ? status : undefined
    })
  }

  async pid(service: string): Promise<number> {
    const pid = (await this.status())?.services.find(({ name }) => name === service)?.pid
    if (pid === undefined) throw new Error(`${service} has no process\n${await this.tale()}`)
    return pid
  }

  async supervisor(): Promise<number> {
    return await this.until('a supervisor', async () => (await this.status())?.supervisor)
  }

  /** The pid of the `courante up` that runs in the terminal. */
  async upPid(): Promise<number> {
    const [up] = childrenOf(await this.terminal.shell())
    if (up === undefined) throw new Error(`nothing runs in the terminal\n${await this.tale()}`)
    return up
  }

  async guard(): Promise<number> {
    const supervisor = await this.supervisor()
    return await this.until('a guard', () =>
      childrenOf(supervisor).find(pid => commandOf(pid).includes('guard.sh')),
    )
  }

  async log(service: string): Promise<string> {
    return await textOf(join(this.home, 'logs', `${service}.log`))
  }

  /** Waits for a match in a service's log; its groups. */
  async logged(service: string, pattern: RegExp): Promise<string[]> {
    return await this.until(`${String(pattern)} in the log of ${service}`, async () => {
      const match = pattern.exec(await this.log(service))
      return match === null ? undefined : [...match].slice(1)
    })
  }

  /** The lines that programs noted. */
  async noted(): Promise<string[]> {
    return (await textOf(this.story)).split('\n').filter(line => line !== '')
  }

  /** What of this stack lives: by the run's id in the environment, or by our folder in the command line. */
  async left(): Promise<number[]> {
    const run = await this.run()
    const marked = run === undefined ? [] : processesWith(`COURANTE_RUN=${run}`)
    const named = processIds().filter(pid => {
      const command = commandOf(pid)
      return command.includes(this.folder) || (run !== undefined && command.includes(run))
    })
    return [...new Set([...marked, ...named])].filter(pid => isLiving(pid))
  }

  /** Waits until nothing of it lives. */
  async gone(): Promise<void> {
    let left: number[] = []
    for (const end = Date.now() + 15_000; Date.now() < end; await delay(20)) {
      left = await this.left()
      if (left.length === 0) return
    }
    const lines = left.map(pid => `${pid} ${commandOf(pid)}`)
    throw new Error(`still there:\n${lines.join('\n')}\n${await this.tale()}`)
  }

  /** What a failing test prints. */
  async tale(): Promise<string> {
    const screen = await this.#terminal?.screen().catch(() => ['(the terminal is closed)'])
    const names = [...this.#services, 'supervisor']
    const logs = await Promise.all(
      names.map(async name => `--- ${name}.log, its end\n${(await this.log(name)).slice(-1000)}`),
    )
    return ['--- screen', ...(screen ?? ['(no terminal)']), ...logs].join('\n')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // By force, since a test may leave behind what does not end politely.
    const file = await readSupervisorFile(this.home)
    if (file !== undefined) signalProcess(file.identity.pid, 'SIGKILL')
    await this.until(
      'the supervisor is gone',
      async () => (await sweepStaleRun(this.home)).type !== 'running',
    )
    await this.#terminal?.[Symbol.asyncDispose]()
    await this.gone()
    await rm(this.folder, { recursive: true, force: true })
  }

  /** The id of the run that began last. */
  async run(): Promise<string | undefined> {
    const path = join(this.home, 'run/stack.json')
    return existsSync(path) ? (JSON.parse(await readFile(path, 'utf8')) as Stack).run : undefined
  }
}

/** Whether somebody could listen on it now. */
export async function isFree(port: number): Promise<boolean> {
  const server = createServer()
  const free = Promise.withResolvers<boolean>()
  server.once('error', () => free.resolve(false))
  server.listen(port, '127.0.0.1', () => free.resolve(true))
  if (!(await free.promise)) return false
  server.close()
  await once(server, 'close')
  return true
}

/** The children of a process, oldest first. */
export function childrenOf(parent: number): number[] {
  return processIds().filter(pid => statFields(pid)?.[1] === String(parent))
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ''
    throw error
  }
}
