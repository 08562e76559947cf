import { constants } from 'node:os'
import { ProblemError } from '../../lib/problem.ts'
import type { Stack } from '../stack/model.ts'
import type { EventHub } from './event-hub.ts'
import type { PullResult, Status, SupervisorEvent } from './events.ts'
import type { Key } from './keys.ts'
import type { LogFile } from './log-file.ts'
import { notices, problems } from './messages.ts'
import { withDependencies, withDependents } from './order.ts'
import { pull } from './pull.ts'
import { Renewal } from './renewal.ts'
import { ServiceSet, type Restarted } from './service-set.ts'
import type { Size } from './spawn.ts'
import type { SupervisedService, Surroundings } from './supervised-service.ts'
import { endRun } from './sweep.ts'
import { UsageMeter } from './usage.ts'

/** Why everything stopped, for who started it. */
export type Outcome = Omit<SupervisorEvent & { type: 'stopped' }, 'type' | 'at'>

/** One run of a stack: what commands and keys mean for its services, and how it ends. */
export class Supervisor {
  readonly stack: Stack
  readonly hub: EventHub
  /** Resolves when everything has stopped. */
  readonly finished: Promise<void>
  readonly #env: Surroundings['env']
  readonly #services: ServiceSet
  readonly #since = Date.now()
  readonly #meter = new UsageMeter()
  readonly #renewal: Renewal
  /** Consoles that would start the stack anew if it asked them to. */
  #owners = 0
  #outcome: Outcome = {}
  #finish = Promise.withResolvers<void>()
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
    this.#services = new ServiceSet({ ...around, emit: event => hub.emit(event) }, logOf, service =>
      this.#changed(service),
    )
  }

  /** Why it stopped, or is stopping. */
  get outcome(): Outcome {
    return this.#outcome
  }

  /** Starts everything. */
  begin(): void {
    this.#services.start(this.#services.names)
    for (const service of this.#services.all) service.watch()
  }

  /** `usage`: with CPU and memory, which costs a look through /proc. */
  status(options: { usage?: boolean } = {}): Status {
    const leaders = this.#services.all.map(({ pid }) => pid).filter(pid => pid !== undefined)
    const usages =
      options.usage === true && process.platform === 'linux' ? this.#meter.measure(leaders) : undefined
    const services = Object.keys(this.stack.services).map(name => {
      const service = this.#services.get(name)
      const waitingFor = this.#services.waitingFor(name)
      return {
        ...service.status(usages?.get(service.pid ?? 0)),
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
    return this.#services.get(name).log
  }

  /** Starts these, and first what they depend on; what runs or has done its work is left alone. */
  start(names: readonly string[]): void {
    this.#checkThat(names)
    const wanted = withDependencies(this.stack.services, names)
    const again = wanted.filter(
      name => this.#services.get(name).state.type !== 'done' || names.includes(name),
    )
    this.#services.start(again)
  }

  /** Stops these, and first what depends on them; resolves when they are gone. */
  async stopServices(names: readonly string[]): Promise<void> {
    this.#checkThat(names)
    await this.#services.stop(withDependents(this.stack.services, names))
  }

  /** Types into a service's terminal. */
  input(name: string, bytes: string): void {
    if (!this.#services.get(name).write(bytes)) throw new ProblemError(problems.noTerminal(name))
  }

  resize(names: readonly string[], size: Size): void {
    for (const name of names) this.#services.get(name).resize(size)
  }

  /** A console that can start the stack anew is there until the returned function is called. */
  own(): () => void {
    this.#owners += 1
    return () => (this.#owners -= 1)
  }

  /**
   * Stops these and starts them again, one-shot tasks before the rest; resolves when each has its new process, or can't have
   * one. Rejects with a ProblemError, and leaves the rest alone, if a task fails.
   */
  async restart(names: readonly string[] = this.stack.restartKey): Promise<Restarted[]> {
    this.#checkThat(names)
    const wanted = this.#services.names.filter(name => names.includes(name))
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
      for (const service of this.#services.all) service.handle({ type: 'kill' })
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
    for (const service of this.#services.all) if (await service.isCodeChanged()) names.add(service.name)
    await this.restart([...names])
  }

  #changed(service: SupervisedService): void {
    const waitingFor = this.#services.waitingFor(service.name)
    this.hub.emit({
      type: 'service_state',
      service: service.name,
      state: service.state.type,
      ...(service.pid === undefined ? {} : { pid: service.pid }),
      ...(waitingFor === undefined ? {} : { waitingFor }),
    })
    if (service.name === this.stack.exitOn) this.#exitWith(service)
  }

  async #restartAfter(earlier: Promise<unknown> | undefined, names: string[]): Promise<Restarted[]> {
    await Promise.allSettled([earlier])
    this.hub.emit({ type: 'restarting', services: names })
    return await this.#services.restart(names, () => this.#stoppingSince !== undefined)
  }

  /** `--exit-on`: the run ends with this service. */
  #exitWith(service: SupervisedService): void {
    const { state, lastEnd } = service
    if (!['done', 'failed', 'idle'].includes(state.type) || this.#stoppingSince !== undefined) return
    this.#outcome = { ...this.#outcome, exitCode: lastEnd === undefined ? 1 : exitCodeOf(lastEnd) }
    this.stop()
  }

  async #stopAll(): Promise<void> {
    await this.#services.stop(this.#services.names)
    for (const service of this.#services.all) await service.unwatch()
    await endRun(this.stack.run)
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

  /** Throws a ProblemError for a name that is none, or when everything is stopping. */
  #checkThat(names: readonly string[]): void {
    for (const name of names) this.#services.get(name)
    if (this.#stoppingSince !== undefined) throw new ProblemError(problems.stopping())
  }

  #tell(error: unknown): void {
    const todo = error instanceof ProblemError ? error.problem.todo : undefined
    const what = error instanceof Error ? error.message : String(error)
    this.hub.emit({ type: 'notice', text: todo === undefined ? what : `${what}; ${todo}` })
  }
}

/** As a shell gives it: 128 and the signal's number for one that was killed. */
function exitCodeOf({ code, signal }: { code: number; signal?: string }): number {
  return signal === undefined ? code : 128 + (constants.signals[signal as NodeJS.Signals] ?? 0)
}
