import { constants } from 'node:os'
import { ProblemError } from '../../lib/problem.ts'
import type { Stack } from '../stack/model.ts'
import type { EventHub } from './event-hub.ts'
import type { PullResult, Status, SupervisorEvent } from './events.ts'
import type { Key } from './keys.ts'
import type { LogFile } from './log-file.ts'
import { notices, problems } from './messages.ts'
import { dependents, startOrder, withDependencies, withDependents } from './order.ts'
import { pull } from './pull.ts'
import { Renewal } from './renewal.ts'
import type { Size } from './spawn.ts'
import { SupervisedService, type Surroundings } from './supervised-service.ts'
import { endRun } from './sweep.ts'
import { UsageMeter } from './usage.ts'

export interface Restarted {
  service: string
  oldPid?: number
  /** Absent if it could not be spawned; the events say why. */
  newPid?: number
}

/** Why everything stopped, for who started it. */
export type Outcome = Omit<SupervisorEvent & { type: 'stopped' }, 'type' | 'at'>

/** All services of one stack: who may start when, who stops before whom, and what the keys mean. */
export class Supervisor {
  readonly stack: Stack
  readonly hub: EventHub
  /** Resolves when everything has stopped. */
  readonly finished: Promise<void>
  readonly #env: Surroundings['env']
  readonly #services = new Map<string, SupervisedService>()
  readonly #since = Date.now()
  readonly #meter = new UsageMeter()
  readonly #renewal: Renewal
  /** Consoles that would start the stack anew if it asked them to. */
  #owners = 0
  #outcome: Outcome = {}
  #finish = Promise.withResolvers<void>()
  #waiters = new Set<() => void>()
  #stoppingSince: number | undefined
  #restarts: { names: string; done: Promise<Restarted[]> } | undefined
  #pulling: Promise<PullResult> | undefined

  constructor(
    hub: EventHub,
    logOf: (service: string) => LogFile,
    around: Pick<Surroundings, 'stack' | 'env' | 'spawn' | 'guard'>,
  ) {
    this.stack = around.stack
    this.hub = hub
    this.#env = around.env
    this.finished = this.#finish.promise
    this.#renewal = new Renewal(this.stack.file)
    const emit: Surroundings['emit'] = event => hub.emit(event)
    const changed = (service: SupervisedService): void => this.#changed(service)
    for (const name of startOrder(this.stack.services)) {
      const service = this.stack.services[name]
      if (service === undefined) throw new Error(`no service ${name}`)
      this.#services.set(
        name,
        new SupervisedService(name, service, logOf(name), { ...around, emit, changed }),
      )
    }
  }

  /** Why it stopped, or is stopping. */
  get outcome(): Outcome {
    return this.#outcome
  }

  /** Starts everything. */
  begin(): void {
    this.#startThese([...this.#services.keys()])
    for (const service of this.#services.values()) service.watch()
  }

  /** `usage`: with CPU and memory, which costs a look through /proc. */
  status(options: { usage?: boolean } = {}): Status {
    const leaders = [...this.#services.values()].map(({ pid }) => pid).filter(pid => pid !== undefined)
    const usages =
      options.usage === true && process.platform === 'linux' ? this.#meter.measure(leaders) : undefined
    const services = Object.keys(this.stack.services).map(name => {
      const waitingFor = this.#waitingFor(name)
      return {
        ...this.#service(name).status(usages?.get(this.#service(name).pid ?? 0)),
        ...(waitingFor === undefined || waitingFor.length === 0 ? {} : { waitingFor }),
      }
    })
    return {
      stack: this.stack.name,
      file: this.stack.file,
      home: this.stack.home,
      supervisor: process.pid,
      uptimeMs: Date.now() - this.#since,
      stopping: this.#stoppingSince !== undefined,
      ready: services.every(({ state }) => state === 'ready' || state === 'done'),
      restartKey: this.stack.restartKey,
      services,
    }
  }

  log(name: string): LogFile {
    return this.#service(name).log
  }

  /** Starts these, and first what they depend on; what runs or has done its work is left alone. */
  start(names: readonly string[]): void {
    for (const name of names) this.#service(name)
    if (this.#stoppingSince !== undefined) throw new ProblemError(problems.stopping())
    const wanted = withDependencies(this.stack.services, names)
    const again = wanted.filter(name => this.#service(name).state.type !== 'done' || names.includes(name))
    this.#startThese(again)
  }

  /** Stops these, and first what depends on them; resolves when they are gone. */
  async stopServices(names: readonly string[]): Promise<void> {
    for (const name of names) this.#service(name)
    if (this.#stoppingSince !== undefined) throw new ProblemError(problems.stopping())
    await this.#stopThese(withDependents(this.stack.services, names))
  }

  /** Types into a service's terminal. */
  input(name: string, bytes: string): void {
    if (!this.#service(name).write(bytes)) throw new ProblemError(problems.noTerminal(name))
  }

  resize(names: readonly string[], size: Size): void {
    for (const name of names) this.#service(name).resize(size)
  }

  /** A console that can start the stack anew is there until the returned function is called. */
  own(): () => void {
    this.#owners += 1
    return () => (this.#owners -= 1)
  }

  /** Stops these and starts them again; resolves when each has its new process, or can't have one. */
  async restart(names: readonly string[] = this.stack.restartKey): Promise<Restarted[]> {
    for (const name of names) this.#service(name)
    if (this.#stoppingSince !== undefined) throw new ProblemError(problems.stopping())
    const wanted = [...this.#services.keys()].filter(name => names.includes(name))
    // A key that is pressed twice, or a second asker, shares the restart that is under way.
    const running = this.#restarts
    if (running?.names === wanted.join(' ')) return await running.done
    const done = this.#restartAfter(running?.done, wanted)
    const mine = { names: wanted.join(' '), done }
    this.#restarts = mine
    try {
      return await done
    } finally {
      if (this.#restarts === mine) this.#restarts = undefined
    }
  }

  /** Stops everything, dependents before what they depend on. A second call kills what still lives. */
  stop(): void {
    if (this.#stoppingSince !== undefined) {
      for (const service of this.#services.values()) service.handle({ type: 'kill' })
      return
    }
    this.#stoppingSince = Date.now()
    this.hub.emit({ type: 'stopping' })
    void this.#stopAll().then(this.#finish.resolve, this.#finish.reject)
  }

  /** As `stop`, for keys and signals: one press may arrive twice (npm passes on the Ctrl-C that the terminal sent already). */
  stopByHand(): void {
    if (this.#stoppingSince === undefined || Date.now() - this.#stoppingSince > 300) this.stop()
  }

  async pull(): Promise<PullResult> {
    if (this.#pulling !== undefined) this.hub.emit({ type: 'notice', text: notices.pullBusy() })
    this.#pulling ??= this.#pull()
    return await this.#pulling
  }

  press(key: Key): void {
    if (key === 'q') this.stopByHand()
    else if (key === 'c') this.interrupt()
    else if (key === 'p') void this.pull().catch(error => this.#tell(error))
    else if (this.#stoppingSince === undefined) void this.#restartOrRenew().catch(error => this.#tell(error))
  }

  /** Ctrl-C in a console: as Q, but whoever started the run is told that it was interrupted. */
  interrupt(): void {
    if (this.#stoppingSince === undefined) this.#outcome = { ...this.#outcome, interrupted: true }
    this.stopByHand()
  }

  /** The key R: what `restart_key` names and whose code changed; after a change of packages, runner or stack file, all. */
  async #restartOrRenew(): Promise<void> {
    const check = await this.#renewal.check()
    if (check.type === 'broken') this.hub.emit({ type: 'notice', text: notices.stackBroken(check.words) })
    if (check.type === 'changed' && this.#owners === 0)
      this.hub.emit({ type: 'notice', text: notices.renewByHand(check.what) })
    if (check.type === 'changed' && this.#owners > 0) {
      this.hub.emit({ type: 'notice', text: notices.renewing(check.what) })
      this.#outcome = { ...this.#outcome, renew: true }
      return this.stop()
    }
    const names = new Set(this.stack.restartKey)
    for (const [name, service] of this.#services) if (await service.isCodeChanged()) names.add(name)
    await this.restart([...names])
  }

  #startThese(names: string[]): void {
    for (const name of names) this.#service(name).handle({ type: 'start' })
    this.#release()
  }

  /** Lets go whoever waited only for what is ready now. */
  #release(): void {
    for (const [name, service] of this.#services)
      if (this.#waitingFor(name)?.length === 0) service.handle({ type: 'dependencies_ready' })
  }

  #waitingFor(name: string): string[] | undefined {
    const { state, service } = this.#service(name)
    if (state.type !== 'waiting') return undefined
    return service.dependsOn.filter(other => !isUp(this.#service(other)))
  }

  #changed(service: SupervisedService): void {
    const waitingFor = this.#waitingFor(service.name)
    this.hub.emit({
      type: 'service_state',
      service: service.name,
      state: service.state.type,
      ...(service.pid === undefined ? {} : { pid: service.pid }),
      ...(waitingFor === undefined ? {} : { waitingFor }),
    })
    if (isUp(service)) this.#release()
    if (service.name === this.stack.exitOn) this.#exitWith(service)
    for (const waiter of this.#waiters) waiter()
  }

  async #until(condition: () => boolean): Promise<void> {
    if (condition()) return
    const { promise, resolve } = Promise.withResolvers<void>()
    const waiter = (): void => {
      if (condition()) resolve()
    }
    this.#waiters.add(waiter)
    await promise
    this.#waiters.delete(waiter)
  }

  async #restartAfter(earlier: Promise<unknown> | undefined, names: string[]): Promise<Restarted[]> {
    await earlier
    const old = new Map(names.map(name => [name, this.#service(name).pid]))
    this.hub.emit({ type: 'restarting', services: names })
    for (const name of names.toReversed()) {
      this.#service(name).handle({ type: 'stop' })
      await this.#until(() => this.#service(name).state.type === 'idle')
    }
    if (this.#stoppingSince === undefined) this.#startThese(names)
    await this.#until(() => names.every(name => this.#isSettled(name, names)))
    return names.map(name => {
      const [oldPid, newPid] = [old.get(name), this.#service(name).pid]
      return {
        service: name,
        ...(oldPid === undefined ? {} : { oldPid }),
        ...(newPid === undefined ? {} : { newPid }),
      }
    })
  }

  /** It has its process, or will not get one by this restart: it failed, or waits for a service that is not part of it. */
  #isSettled(name: string, among: string[]): boolean {
    const { state, pid } = this.#service(name)
    if (pid !== undefined || this.#stoppingSince !== undefined) return true
    if (state.type === 'waiting')
      return this.#waitingFor(name)?.every(other => !among.includes(other)) === true
    return state.type !== 'starting'
  }

  /** `--exit-on`: the run ends with this service. */
  #exitWith(service: SupervisedService): void {
    const { state, lastEnd } = service
    if (!['done', 'failed', 'idle'].includes(state.type) || this.#stoppingSince !== undefined) return
    this.#outcome = { ...this.#outcome, exitCode: lastEnd === undefined ? 1 : exitCodeOf(lastEnd) }
    this.stop()
  }

  async #stopAll(): Promise<void> {
    await this.#stopThese([...this.#services.keys()])
    for (const service of this.#services.values()) await service.unwatch()
    await endRun(this.stack.run)
  }

  async #stopThese(names: readonly string[]): Promise<void> {
    const stopped = new Map<string, Promise<void>>()
    // Dependents stand later in the order, so their promises are there first.
    for (const name of [...this.#services.keys()].filter(name => names.includes(name)).toReversed()) {
      const before = dependents(this.stack.services, name).map(async other => await stopped.get(other))
      stopped.set(name, this.#stopAfter(before, name))
    }
    await Promise.all(stopped.values())
  }

  async #stopAfter(before: Promise<void>[], name: string): Promise<void> {
    await Promise.all(before)
    const service = this.#service(name)
    service.handle({ type: 'stop' })
    await this.#until(() => service.state.type === 'idle')
  }

  async #pull(): Promise<PullResult> {
    this.hub.emit({ type: 'pulling' })
    try {
      const result = await pull(this.stack.dir, this.#env)
      this.#renewal.pulled(result)
      this.hub.emit({ type: 'pull_result', result })
      return result
    } finally {
      this.#pulling = undefined
    }
  }

  #service(name: string): SupervisedService {
    const service = this.#services.get(name)
    if (service !== undefined) return service
    throw new ProblemError(problems.unknownService(name, Object.keys(this.stack.services)))
  }

  #tell(error: unknown): void {
    this.hub.emit({ type: 'notice', text: error instanceof Error ? error.message : String(error) })
  }
}

function isUp({ state }: SupervisedService): boolean {
  return state.type === 'ready' || state.type === 'done'
}

/** As a shell gives it: 128 and the signal's number for one that was killed. */
function exitCodeOf({ code, signal }: { code: number; signal?: string }): number {
  return signal === undefined ? code : 128 + (constants.signals[signal as NodeJS.Signals] ?? 0)
}
