import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { ControlClient } from '../../runner/supervisor/control-client.ts'
import type { SupervisorEvent } from '../../runner/supervisor/events.ts'
import { commandOf } from '../../runner/supervisor/group.ts'
import { endRun } from '../../runner/supervisor/sweep.ts'
import type { Service, Stack } from '../../runner/stack/model.ts'

export const programs = resolve(import.meta.dirname, './programs')

export function program(name: string): string[] {
  return [name.endsWith('.sh') ? 'sh' : process.execPath, join(programs, name)]
}

/** A stack in a temporary home, with a real supervisor; on disposal nothing of it is left. */
export class Rig implements AsyncDisposable {
  readonly stack: Stack
  child!: ChildProcess
  readonly client: ControlClient
  readonly #listening = new AbortController()
  readonly seen: SupervisorEvent[] = []
  #waiters = new Set<() => void>()
  output = ''

  private constructor(stack: Stack) {
    this.stack = stack
    this.client = new ControlClient(join(stack.sockets, 'control.sock'))
  }

  static async make(services: Record<string, Partial<Service>>, more: Partial<Stack> = {}): Promise<Rig> {
    const home = await mkdtemp(join(tmpdir(), 'courante-test-'))
    const full = Object.entries(services).map(([name, service]): [string, Service] => [
      name,
      {
        command: program('worker.sh'),
        cwd: home,
        env: {},
        dependsOn: [],
        ready: { type: 'started' },
        readyTimeoutMs: 20_000,
        stopSignal: 'SIGTERM',
        stopGraceMs: 5000,
        restart: 'always',
        maxFailures: 0,
        oneshot: false,
        code: [],
        pane: 'main',
        ...service,
      },
    ])
    for (const [, service] of full) service.env['STORY'] ??= join(home, 'story')
    const names = full.map(([name]) => name)
    const rig = new Rig({
      name: 'test',
      file: join(home, 'stack.yaml'),
      dir: home,
      home,
      sockets: join(home, 's'),
      models: join(home, 'models'),
      run: `test-${crypto.randomUUID()}`,
      profiles: [],
      services: Object.fromEntries(full),
      panes: { main: { title: 'main', services: names } },
      restartKey: names.slice(0, 1),
      paneLogs: true,
      logs: { maxFile: 16e6, maxTotal: 512e6, maxAgeMs: 14 * 24 * 3600 * 1000 },
      ...more,
    })
    await mkdir(join(home, 'run'))
    await writeFile(join(home, 'run/stack.json'), JSON.stringify(rig.stack))
    return rig
  }

  /** Makes one and starts its supervisor. */
  static async up(services: Record<string, Partial<Service>>, more: Partial<Stack> = {}): Promise<Rig> {
    const rig = await Rig.make(services, more)
    await rig.start()
    return rig
  }

  async start(): Promise<void> {
    const main = resolve(import.meta.dirname, '../../runner/supervisor/main.ts')
    this.child = spawn(process.execPath, [main, join(this.stack.home, 'run/stack.json')], {
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
      env: { PATH: process.env['PATH'], HOME: process.env['HOME'] },
    })
    this.child.stderr?.on('data', chunk => (this.output += String(chunk)))
    const ended = once(this.child, 'exit').then(() => {
      throw new Error(`the supervisor ended: ${this.output}`)
    })
    ended.catch(() => undefined)
    const stdout = this.child.stdout
    if (stdout === null) throw new Error('no stdout')
    await Promise.race([once(stdout, 'data'), ended])
    const connected = Promise.withResolvers<void>()
    void this.#collect(connected.resolve).catch(connected.reject)
    await connected.promise
  }

  async #collect(connected: () => void): Promise<void> {
    for await (const event of this.client.events(this.#listening.signal)) {
      this.seen.push(...(event.type === 'hello' ? event.recent : [event]))
      connected()
      for (const waiter of this.#waiters) waiter()
    }
  }

  /** Waits until the status says so; looked at again at each event. */
  async until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
    const end = Date.now() + 20_000
    while (!(await condition())) {
      if (Date.now() > end) throw new Error(`${what}: not seen within 20 s\n${await this.tale()}`)
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#waiters.add(resolve)
      await Promise.race([promise, delay(20)])
      this.#waiters.delete(resolve)
    }
  }

  async ready(): Promise<void> {
    await this.until('all ready', async () => (await this.client.status()).ready)
  }

  async event<T extends SupervisorEvent['type']>(
    type: T,
    matches: (event: SupervisorEvent & { type: T }) => boolean = () => true,
  ): Promise<SupervisorEvent & { type: T }> {
    const find = (): (SupervisorEvent & { type: T }) | undefined =>
      this.seen.find(
        (event): event is SupervisorEvent & { type: T } =>
          event.type === type && matches(event as SupervisorEvent & { type: T }),
      )
    await this.until(`event ${type}`, () => find() !== undefined)
    const found = find()
    if (found === undefined) throw new Error('gone')
    return found
  }

  async pid(service: string): Promise<number> {
    const found = (await this.client.status()).services.find(({ name }) => name === service)?.pid
    if (found === undefined) throw new Error(`${service} has no process`)
    return found
  }

  async log(name: string): Promise<string> {
    const path = join(this.stack.home, 'logs', `${name}.log`)
    return existsSync(path) ? await readFile(path, 'utf8') : ''
  }

  /** Waits for a match in a service's log and returns its groups. */
  async logMatch(service: string, pattern: RegExp): Promise<string[]> {
    let match: RegExpExecArray | null = null
    await this.until(`${pattern} in the log of ${service}`, async () => {
      match = pattern.exec(await this.log(service))
      return match !== null
    })
    return [...(match ?? [])]
  }

  async story(): Promise<string[]> {
    return (await readFile(join(this.stack.home, 'story'), 'utf8')).trim().split('\n')
  }

  async exited(): Promise<number | null> {
    if (this.child.exitCode === null && this.child.signalCode === null) await once(this.child, 'exit')
    return this.child.exitCode
  }

  /** What a failing test prints. */
  async tale(): Promise<string> {
    const logs = await Promise.all(
      ['main.pane', ...Object.keys(this.stack.services)].map(
        async name => `--- ${name}\n${await this.log(name)}`,
      ),
    )
    return [...this.seen.map(event => JSON.stringify(event)), this.output, ...logs].join('\n')
  }

  async guards(): Promise<number[]> {
    const children = await readFile(`/proc/${this.child.pid}/task/${this.child.pid}/children`, 'utf8')
    const pids = children.trim().split(' ').map(Number)
    return pids.filter(pid => commandOf(pid).includes('guard.sh'))
  }

  async guard(): Promise<number> {
    const [guard] = await this.guards()
    if (guard === undefined) throw new Error('no guard')
    return guard
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listening.abort()
    if (this.child !== undefined && this.child.exitCode === null && this.child.signalCode === null) {
      this.child.kill('SIGKILL')
      await once(this.child, 'exit')
    }
    await endRun(this.stack.run)
    await rm(this.stack.home, { recursive: true, force: true })
  }
}
