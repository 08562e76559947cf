import { Guard } from '../../lib/guard.ts'
import type { Inventory, InventoryView, KnownModel } from '../../models/inventory.ts'
import type { JobError } from '../portal/request.ts'
import { EngineProcess, type EngineEvent, type EngineLimits } from './engine-process.ts'
import { type Hosted, programOf } from './hosted.ts'
import { coreNotices, failureError, refusalError } from './messages.ts'
import type { CoreMetrics } from './metrics.ts'
import type { Needs } from './needs.ts'
import type { ModelSpec } from './resident.ts'
import { type Refusal, Scheduler, type SchedulerAction, type SchedulerEvent } from './scheduler.ts'

/** By this each engine's process, and what it starts, is found after a core that was killed. */
const markName = 'COURANTE_CORE'
/** For how long a look at the disk is good: a burst of requests costs one. */
const lookMs = 20

export interface CoreOptions {
  readonly inventory: Inventory
  /** What models may take where the user has not said it. */
  readonly budget: Needs
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
  #handling = false
  #timer: NodeJS.Timeout | undefined
  #seen: InventoryView | undefined
  #seenAt = -Infinity
  #settings = ''
  #stopping = false

  constructor(options: CoreOptions) {
    this.#options = options
    const { budget, patienceMs } = options
    this.#scheduler = new Scheduler({ budget, ...(patienceMs === undefined ? {} : { patienceMs }) })
    this.#guard = new Guard({ mark: this.#mark, path: options.env['PATH'] ?? '' }, detail =>
      options.log(coreNotices.trouble('the guard of the engines', detail)),
    )
  }

  get scheduler(): Scheduler {
    return this.#scheduler
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
    else this.#tell({ type: 'submitted', job: job.key, user: job.user, model: specOf(model, this.look()) })
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

  /** What a job waits for that has not begun. */
  stageOf(model: string): Stage {
    const hosted = this.#hosted.get(model)
    if (hosted === undefined || hosted.loaded !== undefined) return { stage: 'waiting' }
    return { stage: 'loading', progress: hosted.progress }
  }

  /** Resolves when it is not in memory, at once if it wasn't. */
  async unload(model: string): Promise<void> {
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
      .map(model => specOf(model, view))
      .filter(spec => spec.pinned || this.#scheduler.models.has(spec.id))
    const budget = view.budget === undefined ? this.#options.budget : { memory: view.budget }
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
      gpu: false,
      env: { ...env, [markName]: this.#mark.slice(markName.length + 1) },
      onEvent: event => {
        if (event.type !== 'spawned') this.#heard(hosted, event)
      },
      ...(limits === undefined ? {} : { limits }),
    })
    const hosted: Hosted = {
      model,
      process: engineProcess,
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
        log(coreNotices.loadFailed(model.kind, model.id, hosted.failure.message + detail))
        return this.#tell({
          type: 'load_failed',
          model: model.id,
          memory: failure.reason === 'out_of_memory',
        })
      }
      case 'memory': {
        hosted.measured = { memory: event.bytes, ...event.gpu }
        if (hosted.loaded === undefined) return
        // Before its first work it has not touched all of its weights yet.
        const memory = hosted.worked ? event.bytes : Math.max(event.bytes, model.memory ?? 0)
        return this.#tell({ type: 'measured', model: model.id, needs: { memory, ...event.gpu } })
      }
      case 'exited':
        return this.#exited(hosted, event)
    }
  }

  #exited({ model, process }: Hosted, { asked, detail }: Extract<EngineEvent, { type: 'exited' }>): void {
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

function specOf(model: KnownModel, view: InventoryView): ModelSpec {
  return {
    id: model.id,
    needs: { memory: model.memory ?? 0 },
    idleMs: (model.idleMs ?? view.idleMs) || Infinity,
    pinned: model.pinned,
  }
}

/** Estimates are rough, and the system can take back what it caches: only a clear lack counts. */
function enoughNow({ memory = 0 }: Needs): boolean {
  return process.availableMemory() > memory * 0.8
}
