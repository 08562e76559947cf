import { ProblemError } from '../../lib/problem.ts'
import type { Stack } from '../stack/model.ts'
import type { LogFile } from './log-file.ts'
import { problems } from './messages.ts'
import { dependents, startOrder } from './order.ts'
import { SupervisedService, type Surroundings } from './supervised-service.ts'

export interface Restarted {
  service: string
  oldPid?: number
  /** Absent if it could not be spawned; the events say why. */
  newPid?: number
}

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

  /** Resolves when each has its new process, or can't have one, or `over` says that nothing starts any more. */
  async restart(names: readonly string[], over: () => boolean): Promise<Restarted[]> {
    const old = new Map(names.map(name => [name, this.get(name).pid]))
    for (const name of names.toReversed()) await this.#stopAfter([], name)
    if (!over()) this.start(names)
    await this.#until(() => over() || names.every(name => this.#isSettled(name, names)))
    return names.map(name => {
      const [oldPid, newPid] = [old.get(name), this.get(name).pid]
      return {
        service: name,
        ...(oldPid === undefined ? {} : { oldPid }),
        ...(newPid === undefined ? {} : { newPid }),
      }
    })
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

  /** It has its process, or will not get one by this restart: it failed, or waits for a service that is not part of it. */
  #isSettled(name: string, among: readonly string[]): boolean {
    const { state, pid } = this.get(name)
    if (pid !== undefined) return true
    if (state.type === 'waiting')
      return this.waitingFor(name)?.every(other => !among.includes(other)) === true
    return state.type !== 'starting'
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
