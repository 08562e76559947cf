import { ProblemError } from '../../lib/problem.ts'
import type { Stack } from '../stack/model.ts'
import type { LogFile } from './log-file.ts'
import { problems, whyDown } from './messages.ts'
import { dependents, startOrder } from './order.ts'
import type { State } from './service.ts'
import { SupervisedService, type Surroundings } from './supervised-service.ts'

export interface Restarted {
  service: string
  oldPid?: number
  /** Absent if it could not be spawned; the events say why. */
  newPid?: number
  /** A one-shot task that has run to its end. */
  done?: true
}

/** Whoever waits for one in these states waits until somebody does something about it … */
const lost: ReadonlySet<State['type']> = new Set(['idle', 'failed'])
/** … and for these, nobody knows how long. */
const fallen: ReadonlySet<State['type']> = new Set([...lost, 'backoff'])

/** The services of a stack, in the order of their dependencies: who may start when, and who stops before whom. */
export class ServiceSet {
  readonly #services = new Map<string, SupervisedService>()
  readonly #specs: Stack['services']
  readonly #waiters = new Set<() => void>()

  /** `changed` is called after every change of a service's state, when what waited for it has been let go. */
  constructor(
    around: Omit<Surroundings, 'changed'>,
    logOf: (service: string) => LogFile,
    changed: (service: SupervisedService) => void,
  ) {
    this.#specs = around.stack.services
    const onChange = (service: SupervisedService): void => {
      changed(service)
      // Also for one that waits: a failed one whose files changed is put back here by nobody's `start`.
      if (isUp(service) || service.state.type === 'waiting') this.#release()
      for (const waiter of this.#waiters) waiter()
    }
    for (const name of startOrder(this.#specs)) {
      const spec = this.#specs[name]
      if (spec === undefined) throw new Error(`no service ${name}`)
      const service = new SupervisedService(name, spec, logOf(name), { ...around, changed: onChange })
      this.#services.set(name, service)
    }
  }

  /** Those that are depended on come first. */
  get all(): readonly SupervisedService[] {
    return [...this.#services.values()]
  }

  get names(): string[] {
    return [...this.#services.keys()]
  }

  /** Throws a ProblemError for a name that is none. */
  get(name: string): SupervisedService {
    const service = this.#services.get(name)
    if (service !== undefined) return service
    throw new ProblemError(problems.unknownService(name, Object.keys(this.#specs)))
  }

  /** What a waiting service waits for; undefined for one that does not wait. */
  waitingFor(name: string): string[] | undefined {
    const { state, service } = this.get(name)
    if (state.type !== 'waiting') return undefined
    return service.dependsOn.filter(other => !isUp(this.get(other)))
  }

  start(names: readonly string[]): void {
    for (const name of names) this.get(name).handle({ type: 'start' })
  }

  /** Stops these, dependents before what they depend on; resolves when they are gone. */
  async stop(names: readonly string[]): Promise<void> {
    const stopped = new Map<string, Promise<void>>()
    // Dependents stand later in the order, so their promises are there first.
    for (const name of this.names.filter(name => names.includes(name)).toReversed()) {
      const before = dependents(this.#specs, name).map(async other => await stopped.get(other))
      stopped.set(name, this.#stopAfter(before, name))
    }
    await Promise.all(stopped.values())
  }

  /**
   * Resolves when each has its new process, or can't have one, or `over` says that nothing starts any more. One-shot tasks
   * come first, while the others still run: if one fails, as a build does, these are left alone and a ProblemError says so.
   */
  async restart(names: readonly string[], over: () => boolean): Promise<Restarted[]> {
    const old = new Map(names.map(name => [name, this.get(name).pid]))
    this.#checkThatNoneIsLost(names)
    const tasks = this.#tasksAhead(names)
    // Who waits already comes up with what is new, as soon as it is let go.
    const others = names.filter(name => !tasks.includes(name) && this.get(name).state.type !== 'waiting')
    await this.#cycle(tasks, over, name => this.#hasEnded(name))
    const failed = tasks.find(name => this.get(name).state.type !== 'done')
    if (failed !== undefined && !over()) throw this.#taskFailed(failed, others)
    await this.#cycle(others, over, name => this.#isSettled(name, names))
    await this.#until(() => over() || names.every(name => this.#isSettled(name, names)))
    return names.map(name => {
      const service = this.get(name)
      const [oldPid, newPid] = [old.get(name), service.pid]
      return {
        service: name,
        ...(oldPid === undefined ? {} : { oldPid }),
        ...(newPid === undefined ? {} : { newPid }),
        ...(service.state.type === 'done' ? { done: true as const } : {}),
      }
    })
  }

  /** Throws a ProblemError if one that runs would, after its end, wait for something that does not come by itself. */
  #checkThatNoneIsLost(names: readonly string[]): void {
    for (const name of names) {
      const { pid, service } = this.get(name)
      const missing = service.dependsOn.filter(other => !names.includes(other) && this.#isBehind(other, lost))
      if (pid !== undefined && missing.length > 0) throw new ProblemError(problems.wouldWait(name, missing))
    }
  }

  /** The one-shot tasks that can run before the rest of a restart: what they depend on is up, or not part of it. */
  #tasksAhead(names: readonly string[]): string[] {
    const tasks: string[] = []
    for (const name of names) {
      const { oneshot, dependsOn } = this.get(name).service
      const isAhead = dependsOn.every(
        other => tasks.includes(other) || !names.includes(other) || isUp(this.get(other)),
      )
      if (oneshot && isAhead) tasks.push(name)
    }
    return tasks
  }

  async #cycle(
    names: readonly string[],
    over: () => boolean,
    isOver: (name: string) => boolean,
  ): Promise<void> {
    for (const name of names.toReversed()) await this.#stopAfter([], name)
    if (!over()) this.start(names)
    await this.#until(() => over() || names.every(isOver))
  }

  #taskFailed(task: string, others: readonly string[]): ProblemError {
    const waitsFor = this.waitingFor(task)
    const why = waitsFor === undefined ? whyDown(this.get(task).status()) : `waits for ${waitsFor.join(', ')}`
    return new ProblemError(problems.taskFailed(task, why ?? 'was stopped', others))
  }

  /** Lets go whoever waited only for what is ready now. */
  #release(): void {
    for (const [name, service] of this.#services)
      if (this.waitingFor(name)?.length === 0) service.handle({ type: 'dependencies_ready' })
  }

  async #stopAfter(before: Promise<void>[], name: string): Promise<void> {
    await Promise.all(before)
    const service = this.get(name)
    service.handle({ type: 'stop' })
    await this.#until(() => service.state.type === 'idle')
  }

  /** It has its process, or will not get one by this restart: it fell, or waits for one that fell or is not part of it. */
  #isSettled(name: string, among: readonly string[]): boolean {
    const { state, pid } = this.get(name)
    if (pid !== undefined) return true
    if (state.type === 'waiting')
      return (
        this.#isBehind(name, fallen) || this.waitingFor(name)?.every(other => !among.includes(other)) === true
      )
    return state.type !== 'starting'
  }

  /** A task has done its work, or will not. */
  #hasEnded(name: string): boolean {
    return this.get(name).state.type === 'done' || this.#isBehind(name, fallen)
  }

  /** It is in one of these states, or waits for one that is, through others too. */
  #isBehind(name: string, states: ReadonlySet<State['type']>): boolean {
    if (states.has(this.get(name).state.type)) return true
    return this.waitingFor(name)?.some(other => this.#isBehind(other, states)) === true
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
}

/** What depends on it may start. */
function isUp({ state }: SupervisedService): boolean {
  return state.type === 'ready' || state.type === 'done'
}
