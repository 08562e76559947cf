// More than 300 lines: it is the one place where decisions and processes meet.
import { Guard } from '../../lib/guard.ts'
import type { Inventory, InventoryView, KnownModel } from '../../models/inventory.ts'
import type { JobError } from '../portal/request.ts'
import type { Cards } from './cards.ts'
import { EngineProcess, type EngineEvent, type EngineLimits } from './engine-process.ts'
import { type Hosted, programOf } from './hosted.ts'
import { coreNotices, failureError, refusalError } from './messages.ts'
import type { CoreMetrics } from './metrics.ts'
import type { Needs } from './needs.ts'
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
  #timer: NodeJS.Timeout | undefined
  #seen: InventoryView | undefined
  #seenAt = -Infinity
  #settings = ''
  #stopping = false

  constructor(options: CoreOptions) {
    this.#options = options
    const { memory, cards, patienceMs } = options
    this.#places = new Places(memory, cards)
    const budget = this.#places.budget({})
    this.#scheduler = new Scheduler({ budget, ...(patienceMs === undefined ? {} : { patienceMs }) })
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
    if (!this.#hosted.has(model.id) && this.#places.dependsOnCard(model, this.look())) {
      await this.#places.refresh(this.#scheduler.models.values(), this.#hosted)
      this.#settle(this.look())
    }
    const view = this.look()
    if (this.#waiters.has(key))
      this.#tell({ type: 'submitted', job: key, user, model: this.#places.specOf(model, view) })
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
    await Promise.all(Array.from(this.#hosted.values(), ({ process }) => process.stop()))
    await this.#guard.end()
  }

  /** Pins, idle times and the budget are what the user's file says now. */
  #settle(view: InventoryView): void {
    const models = [...view.models.values()]
      .filter(model => model.installed && model.memory !== undefined && model.engine !== '')
      .filter(({ id, pinned }) => pinned || this.#scheduler.models.has(id))
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
      for (const action of this.#scheduler.handle(next, performance.now())) this.#carryOut(action)
    }
    this.#handling = false
    this.#setTimer()
    this.#options.onChange()
  }

  #setTimer(): void {
    clearTimeout(this.#timer)
    const now = performance.now()
    const deadline = this.#stopping ? undefined : this.#scheduler.deadline(now)
    if (deadline === undefined) return
    const ms = Math.min(Math.ceil(deadline - now), 2 ** 31 - 1)
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
    const needs = this.#scheduler.models.get(id)?.needs ?? {}
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
      env: { ...env, [markName]: this.#mark.slice(markName.length + 1) },
      onEvent: event => {
        if (event.type !== 'spawned') this.#heard(hosted, event)
      },
      ...(limits === undefined ? {} : { limits }),
    })
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
        if (!onCard) log(coreNotices.loadFailed(model.kind, model.id, why))
        const instead = onCard ? { instead: this.#leaveCard(model, why) } : {}
        return this.#tell({ type: 'load_failed', model: model.id, memory, ...instead })
      }
      case 'memory': {
        const { placed, worked } = hosted
        // An engine that does not say what it has there has what was thought, once it is loaded.
        const thought = hosted.loaded === undefined ? 0 : placed['gpu']
        const there = placed['gpu'] === undefined ? undefined : (event.gpu['gpu'] ?? thought)
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

  #exited(hosted: Hosted, { asked, detail }: Extract<EngineEvent, { type: 'exited' }>): void {
    const { model, process, placed, loaded, failure } = hosted
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
    if (!asked && loaded === undefined && failure === undefined && placed['gpu'] !== undefined) {
      const spec = this.#leaveCard(model, detail)
      this.#tell({ type: 'settings', models: [spec], budget: this.#scheduler.budget })
    }
    for (const gone of this.#gone.get(model.id) ?? []) gone()
    this.#gone.delete(model.id)
    this.#tell({ type: 'exited', model: model.id })
  }

  #words(model: string, why: Refusal): JobError {
    const others = [...this.#scheduler.models.values()].filter(({ spec }) => spec.id !== model)
    const pinned = others.filter(({ spec, takesMemory }) => spec.pinned && takesMemory)
    return refusalError(model, why, {
      pinned: pinned.map(({ spec }) => spec.id),
      available: process.availableMemory(),
      failure: this.#hosted.get(model)?.failure,
      lastEnd: this.#lastEnds.get(model) ?? '',
    })
  }
}

/** Estimates are rough, and the system can take back what it caches: only a clear lack counts. */
function enoughNow({ memory = 0 }: Needs): boolean {
  return process.availableMemory() > memory * 0.8
}
