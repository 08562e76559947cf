// More than 300 lines: it is the one place where decisions and processes meet.
import { Guard } from '../../lib/guard.ts'
import type { Inventory, InventoryView, KnownModel } from '../../models/inventory.ts'
import type { JobError } from '../portal/request.ts'
import type { Cards } from './cards.ts'
import { engineEnv } from './engine-env.ts'
import { EngineProcess, type EngineEvent, type EngineLimits } from './engine-process.ts'
import { type Hosted, programOf } from './hosted.ts'
import { coreNotices, failureError, refusalError } from './messages.ts'
import type { CoreMetrics } from './metrics.ts'
import type { Needs } from './needs.ts'
import type { CardUse } from './placement.ts'
import { mayBeTheCard, Places } from './places.ts'
import type { ModelSpec } from './resident.ts'
import { type Refusal, Scheduler, type SchedulerAction, type SchedulerEvent } from './scheduler.ts'

/** By this each engine's process, and what it starts, is found after a core that was killed. */
const markName = 'COURANTE_CORE'
/** For how long a look at the disk is good: a burst of requests costs one. */
const lookMs = 20

export interface CoreOptions {
  readonly inventory: Pick<Inventory, 'look'>
  /** Bytes of the machine's memory that models may take where the user has not said it. */
  readonly memory: number
  readonly cards: Cards
  /** The engines that may use a card, where it is not those that there are. */
  readonly cardUse?: Readonly<Record<string, CardUse>>
  readonly threads: number
  readonly env: Readonly<Record<string, string | undefined>>
  readonly log: (line: string) => void
  readonly metrics: CoreMetrics
  /** Called after each change of what core-facts.ts tells. */
  readonly onChange: () => void
  readonly limits?: EngineLimits
  readonly patienceMs?: number
}

export type Stage = { readonly stage: 'waiting' } | { readonly stage: 'loading'; readonly progress: number }

export type Used<T> =
  | { readonly type: 'used'; readonly value: T }
  | { readonly type: 'refused'; readonly error: JobError }
  /** The signal came before the work began. */
  | { readonly type: 'aborted' }

/** Carries out what the scheduler decides: keeps models in processes of their own, and lets work begin when it may. */
export class Core {
  readonly #options: CoreOptions
  readonly #scheduler: Scheduler
  readonly #hosted = new Map<string, Hosted>()
  /** Jobs whose turn has not come: they get their engine, or are told why they get none. */
  readonly #waiters = new Map<string, (turn: Hosted | JobError) => void>()
  readonly #gone = new Map<string, (() => void)[]>()
  readonly #mark = `${markName}=${process.pid}-${Date.now().toString(36)}`
  readonly #guard: Guard
  readonly #events: SchedulerEvent[] = []
  /** How each engine that ended by itself did so, the last time. */
  readonly #lastEnds = new Map<string, string>()
  readonly #places: Places
  #handling = false
  #plannedAt = 0
  #timer: NodeJS.Timeout | undefined
  #seen: InventoryView | undefined
  #seenAt = -Infinity
  #settings = ''
  #stopping = false

  constructor(options: CoreOptions) {
    this.#options = options
    const { memory, cards, cardUse, patienceMs } = options
    const budget = { memory, ...cards.budget(undefined) }
    this.#scheduler = new Scheduler({ budget, ...(patienceMs === undefined ? {} : { patienceMs }) })
    this.#places = new Places({ memory, cards, cardUse, residents: this.#scheduler.models })
    this.#guard = new Guard({ mark: this.#mark, path: options.env['PATH'] ?? '' }, detail =>
      options.log(coreNotices.trouble('the guard of the engines', detail)),
    )
  }

  get scheduler(): Scheduler {
    return this.#scheduler
  }

  /** Models that have to do without the graphics card. */
  get offCard(): Places['offCard'] {
    return this.#places.offCard
  }

  get hosted(): ReadonlyMap<string, Hosted> {
    return this.#hosted
  }

  /**
   * The models as they are on the disk, `fresh`: at this very moment. What changed in the settings since the last look takes
   * effect.
   */
  look(fresh = false): InventoryView {
    const now = performance.now()
    if (!fresh && this.#seen !== undefined && now - this.#seenAt < lookMs) return this.#seen
    const view = this.#options.inventory.look()
    for (const fault of view.faults) if (!this.#seen?.faults.includes(fault)) this.#options.log(fault)
    this.#seen = view
    this.#seenAt = now
    this.#settle(view)
    return view
  }

  /** Does `work` with the loaded model, when its turn has come. */
  async use<T>(
    job: { readonly key: string; readonly user: string; readonly signal: AbortSignal },
    model: KnownModel,
    work: (hosted: Hosted) => Promise<T>,
  ): Promise<Used<T>> {
    const turn = Promise.withResolvers<Hosted | JobError | undefined>()
    const leave = (): void => turn.resolve(undefined)
    this.#waiters.set(job.key, turn.resolve)
    job.signal.addEventListener('abort', leave, { once: true })
    if (job.signal.aborted || this.#stopping) leave()
    else this.#submit(job, model).catch(turn.reject)
    try {
      const hosted = await turn.promise
      if (hosted === undefined) return { type: 'aborted' }
      if ('code' in hosted) return { type: 'refused', error: hosted }
      hosted.worked = true
      return { type: 'used', value: await work(hosted) }
    } finally {
      job.signal.removeEventListener('abort', leave)
      this.#waiters.delete(job.key)
      this.#tell({ type: 'ended', job: job.key })
    }
  }

  async #submit(
    { key, user }: { readonly key: string; readonly user: string },
    model: KnownModel,
  ): Promise<void> {
    // Two jobs that wait for the card's answer stay in their order.
    if (!this.#hosted.has(model.id) && this.#places.dependsOnCard(model, this.look())) await this.askCard()
    const view = this.look()
    if (this.#waiters.has(key))
      this.#tell({ type: 'submitted', job: key, user, model: this.#places.specOf(model, view) })
  }

  /** What the graphics card says now counts, at its first answer and later. Ends in 5 s, whatever the driver does. */
  async askCard(): Promise<void> {
    await this.#places.refresh(this.#hosted)
    if (!this.#stopping) this.#settle(this.look())
  }

  /** What a job waits for that has not begun. */
  stageOf(model: string): Stage {
    const hosted = this.#hosted.get(model)
    if (hosted === undefined || hosted.loaded !== undefined) return { stage: 'waiting' }
    return { stage: 'loading', progress: hosted.progress }
  }

  /** Resolves when it is not in memory, at once if it wasn't. */
  async unload(model: string): Promise<void> {
    this.offCard.forget(model)
    if (!this.#hosted.has(model)) return
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#gone.set(model, [...(this.#gone.get(model) ?? []), resolve])
    this.#tell({ type: 'unwanted', model })
    await promise
  }

  /** Ends every engine. What is under way has to have ended before. */
  async stop(): Promise<void> {
    this.#stopping = true
    clearTimeout(this.#timer)
    this.#places.close()
    await Promise.all(Array.from(this.#hosted.values(), ({ process }) => process.stop()))
    await this.#guard.end()
  }

  /** Pins, idle times and the budget are what the user's file says now. */
  #settle(view: InventoryView): void {
    const models = [...view.models.values()]
      .filter(model => model.installed && model.memory !== undefined && model.engine !== '')
      .filter(
        model =>
          this.#scheduler.models.has(model.id) || (model.pinned && !this.#places.waitsForCard(model, view)),
      )
      .map(model => this.#places.specOf(model, view))
    const budget = this.#places.budget(view)
    const settings = JSON.stringify([models, budget])
    if (settings === this.#settings) return
    this.#settings = settings
    this.#tell({ type: 'settings', models, budget })
  }

  #tell(event: SchedulerEvent): void {
    this.#events.push(event)
    // What an action causes at once is told after the actions before it.
    if (this.#handling) return
    this.#handling = true
    for (let next = this.#events.shift(); next !== undefined; next = this.#events.shift()) {
      if (this.#stopping && next.type !== 'exited' && next.type !== 'ended') continue
      this.#plannedAt = performance.now()
      const actions = this.#scheduler.handle(next, this.#plannedAt)
      for (const action of actions) this.#carryOut(action)
      // Who is refused could not have the processor either: the next request tries the card again.
      for (const { type, model } of actions) if (type === 'refuse') this.offCard.forget(model)
    }
    this.#handling = false
    this.#setTimer()
    this.#options.onChange()
  }

  #setTimer(): void {
    clearTimeout(this.#timer)
    // As of the plan: what has become due since then was not in it.
    const deadline = this.#stopping ? undefined : this.#scheduler.deadline(this.#plannedAt)
    if (deadline === undefined) return
    const ms = Math.min(Math.max(0, Math.ceil(deadline - performance.now())), 2 ** 31 - 1)
    this.#timer = setTimeout(() => this.#tell({ type: 'tick' }), ms)
  }

  #carryOut(action: SchedulerAction): void {
    if (this.#stopping) return
    switch (action.type) {
      case 'load':
        return this.#load(action.model)
      case 'unload':
        if (action.why === 'evicted') this.#options.metrics.evicted(action.model)
        return this.#unload(action.model)
      case 'start': {
        const hosted = this.#hosted.get(action.model)
        if (hosted !== undefined) this.#waiters.get(action.job)?.(hosted)
        return
      }
      case 'refuse':
        return this.#waiters.get(action.job)?.(this.#words(action.model, action.why))
    }
  }

  #load(id: string): void {
    const { threads, env, limits } = this.#options
    const model = this.#options.inventory.look().models.get(id)
    const { needs = {}, spec } = this.#scheduler.models.get(id) ?? {}
    if (model === undefined || !enoughNow(needs)) {
      // Nothing was started: the scheduler hears the same as of a process that could not load.
      this.#tell({ type: 'load_failed', model: id, memory: model !== undefined })
      return
    }
    const engineProcess = new EngineProcess({
      program: programOf(model),
      model: { id, engine: model.engine, files: model.files, settings: model.settings },
      threads,
      gpu: this.#places.onCard(model, needs, this.look()),
      gpuBytes: needs['gpu'],
      env: {
        ...engineEnv(env, model, this.look().models.values()),
        [markName]: this.#mark.slice(markName.length + 1),
      },
      onEvent: event => {
        if (event.type !== 'spawned') this.#heard(hosted, event)
      },
      ...(limits === undefined ? {} : { limits }),
    })
    const isElsewhere = needs['gpu'] === undefined && spec?.needs['gpu'] !== undefined
    if (isElsewhere) this.#options.log(coreNotices.cardInUse(model.kind, id))
    if (needs['gpu'] !== undefined) this.#places.moved()
    const hosted: Hosted = {
      model,
      process: engineProcess,
      placed: needs,
      since: performance.now(),
      progress: 0,
      measured: {},
      worked: false,
    }
    this.#hosted.set(id, hosted)
    if (engineProcess.pid !== undefined) this.#guard.add(engineProcess.pid)
  }

  #unload(id: string): void {
    const hosted = this.#hosted.get(id)
    if (hosted === undefined) this.#tell({ type: 'exited', model: id })
    else void hosted.process.stop()
  }

  #heard(hosted: Hosted, event: Exclude<EngineEvent, { type: 'spawned' }>): void {
    const { model } = hosted
    const { log, metrics } = this.#options
    switch (event.type) {
      case 'loading':
        hosted.progress = event.progress
        return this.#options.onChange()
      case 'loaded': {
        const ms = Math.round(performance.now() - hosted.since)
        const { parallel, facts } = event
        // An engine that does not say what it has there has what was thought.
        const gpu = hosted.measured['gpu'] ?? hosted.placed['gpu']
        if (gpu !== undefined) hosted.measured = { ...hosted.measured, gpu }
        hosted.loaded = { ms, spawnMs: Math.max(0, ms - event.ms), parallel, facts }
        log(coreNotices.loaded(model.kind, model.id, ms))
        metrics.loaded(model.id, ms)
        return this.#tell({ type: 'loaded', model: model.id, parallel, ms })
      }
      case 'load_failed': {
        const { failure } = event
        hosted.failure = failureError(model.id, failure)
        const detail = failure.reason === 'internal' ? ` ${failure.detail}` : ''
        const why = hosted.failure.message + detail
        const memory = failure.reason === 'out_of_memory'
        const onCard = hosted.placed['gpu'] !== undefined && mayBeTheCard(failure)
        // What fails everywhere is the model's fault and not the card's.
        if (!onCard && !memory) this.offCard.forget(model.id)
        if (!onCard) log(coreNotices.loadFailed(model.kind, model.id, why))
        const instead = onCard ? { instead: this.#leaveCard(model, why) } : {}
        return this.#tell({ type: 'load_failed', model: model.id, memory, ...instead })
      }
      case 'memory': {
        const { placed, worked, measured } = hosted
        const there = placed['gpu'] === undefined ? undefined : (event.gpu['gpu'] ?? measured['gpu'])
        const gpu = there === undefined ? {} : { gpu: there }
        hosted.measured = { memory: event.bytes, ...gpu }
        if (hosted.loaded === undefined) return
        // Before its first work it has not touched all of its weights yet.
        const memory = worked ? event.bytes : Math.max(event.bytes, placed['memory'] ?? 0)
        return this.#tell({ type: 'measured', model: model.id, needs: { memory, ...gpu } })
      }
      case 'exited':
        return this.#exited(hosted, event)
    }
  }

  /** Puts a model on the processor that the card has failed; returns what the scheduler has to know of it now. */
  #leaveCard(model: KnownModel, why: string): ModelSpec {
    this.offCard.mark(model.id, why)
    this.#options.log(coreNotices.offCard(model.kind, model.id, why))
    return this.#places.specOf(model, this.look())
  }

  #exited(hosted: Hosted, { asked, crashed, detail }: Extract<EngineEvent, { type: 'exited' }>): void {
    const { model, process, placed, failure } = hosted
    const { log, metrics } = this.#options
    if (process.pid !== undefined) this.#guard.del(process.pid)
    if (asked) metrics.unloaded(model.id)
    else metrics.crashed(model.id)
    if (!asked) this.#lastEnds.set(model.id, detail)
    if (!this.#stopping)
      log(
        asked ? coreNotices.unloaded(model.kind, model.id) : coreNotices.ended(model.kind, model.id, detail),
      )
    this.#hosted.delete(model.id)
    if (placed['gpu'] !== undefined) this.#places.moved()
    // Before it has done anything: in its load, or in its first work, where a card that is full after all shows it.
    if (crashed && failure === undefined && !process.proved) {
      // What ends its process everywhere is not the card's fault.
      if (placed['gpu'] === undefined) this.offCard.forget(model.id)
      else this.#moveOffCard(model, detail)
    }
    for (const gone of this.#gone.get(model.id) ?? []) gone()
    this.#gone.delete(model.id)
    this.#tell({ type: 'exited', model: model.id })
  }

  #moveOffCard(model: KnownModel, why: string): void {
    const spec = this.#leaveCard(model, why)
    this.#tell({ type: 'settings', models: [spec], budget: this.#scheduler.budget })
  }

  #words(model: string, why: Refusal): JobError {
    const others = [...this.#scheduler.models.values()].filter(({ spec }) => spec.id !== model)
    const pinned = others.filter(({ spec, takesMemory }) => spec.pinned && takesMemory)
    return refusalError(model, why, {
      pinned: pinned.map(({ spec }) => spec.id),
      available: process.availableMemory(),
      failure: this.#hosted.get(model)?.failure,
      lastEnd: this.#lastEnds.get(model) ?? '',
      cardFailure: this.offCard.get(model)?.why ?? '',
    })
  }
}

/** Estimates are rough, and the system can take back what it caches: only a clear lack counts. */
function enoughNow({ memory = 0 }: Needs): boolean {
  return process.availableMemory() > memory * 0.8
}
