// More than 300 lines: one state, and all decisions over it.
import { restartDelayMs } from './back-off.ts'
import { fits, minus, type Needs, plus, tooFull } from './needs.ts'
import { type ModelSpec, Resident } from './resident.ts'
import { type Choice, chooseVictims } from './victims.ts'

/** What happens. Each is told once, in the order of its happening. */
export type SchedulerEvent =
  /** A job needs this model. */
  | { readonly type: 'submitted'; readonly job: string; readonly user: string; readonly model: ModelSpec }
  /** A job that was started is over, or one that waits is not wanted any more. */
  | { readonly type: 'ended'; readonly job: string }
  | { readonly type: 'loaded'; readonly model: string; readonly parallel: number; readonly ms: number }
  /**
   * Its process could not load it, and is still there. `memory`: for lack of memory. `instead`: it is to be loaded in another
   * place, for which nobody is refused.
   */
  | {
      readonly type: 'load_failed'
      readonly model: string
      readonly memory: boolean
      readonly instead?: ModelSpec
    }
  | { readonly type: 'measured'; readonly model: string; readonly needs: Needs }
  /** Nothing of its process is left, whether it was asked to end or not. */
  | { readonly type: 'exited'; readonly model: string }
  /** Is to go as soon as nothing uses it. */
  | { readonly type: 'unwanted'; readonly model: string }
  /** The settings have changed: of these models (others stay as they are), and of all together. */
  | { readonly type: 'settings'; readonly models: readonly ModelSpec[]; readonly budget: Needs }
  | { readonly type: 'tick' }

/** What is to be done. */
export type SchedulerAction =
  | { readonly type: 'load'; readonly model: string }
  | { readonly type: 'unload'; readonly model: string; readonly why: Leaving }
  | { readonly type: 'start'; readonly job: string; readonly model: string }
  | { readonly type: 'refuse'; readonly job: string; readonly model: string; readonly why: Refusal }

/** `evicted`: to make room for another. */
export type Leaving = 'idle' | 'evicted' | 'unwanted' | 'failed'

export type Refusal =
  /** More than the budget leaves beside what is pinned. */
  | { readonly reason: 'too_large'; readonly needed: Needs; readonly room: Needs }
  | { readonly reason: 'no_memory'; readonly needed: Needs; readonly free: Needs }
  | { readonly reason: 'load_failed' }
  | { readonly reason: 'crashes' }

export interface SchedulerOptions {
  readonly budget: Needs
  /** After so long a wait a job's model gets the place of one that others use. */
  readonly patienceMs?: number
}

/**
 * Decides which models are in memory and which job runs when: pure, from events to actions, with the time passed in. Models
 * of all kinds share one budget; it is never exceeded by a load, and what is in use is never unloaded.
 */
export class Scheduler {
  readonly #models = new Map<string, Resident>()
  /** The model of each job that waits or works. */
  readonly #jobs = new Map<string, Resident>()
  readonly #patienceMs: number
  #budget: Needs
  #actions: SchedulerAction[] = []
  #submissions = 0

  constructor({ budget, patienceMs = 30_000 }: SchedulerOptions) {
    this.#budget = budget
    this.#patienceMs = patienceMs
  }

  get budget(): Needs {
    return this.#budget
  }

  /** Reserved by what is being loaded, loaded, or not yet gone. */
  get used(): Needs {
    let used: Needs = {}
    for (const model of this.#models.values()) if (model.takesMemory) used = plus(used, model.needs)
    return used
  }

  get models(): ReadonlyMap<string, Resident> {
    return this.#models
  }

  handle(event: SchedulerEvent, now: number): SchedulerAction[] {
    this.#actions = []
    this.#take(event, now)
    this.#plan(now)
    return this.#actions
  }

  /** When the clock alone changes something; undefined: never. */
  deadline(now: number): number | undefined {
    let at = Infinity
    const consider = (time: number): void => {
      if (time > now) at = Math.min(at, time)
    }
    let waiting = false
    for (const model of this.#models.values()) {
      if (model.state.type === 'absent' && (model.line.size > 0 || model.spec.pinned)) {
        waiting = true
        consider(model.notBefore)
        if (model.line.size === 0) consider(model.restsUntil)
        consider(model.line.oldest + this.#patienceMs)
      }
    }
    for (const model of this.#models.values()) {
      if (model.state.type !== 'ready' || model.working.size > 0) continue
      consider(model.idleUntil)
      if (waiting) consider(model.staysUntil)
    }
    return at === Infinity ? undefined : at
  }

  #take(event: SchedulerEvent, now: number): void {
    switch (event.type) {
      case 'submitted':
        return this.#submitted(event, now)
      case 'ended':
        return this.#ended(event.job, now)
      case 'settings':
        this.#budget = event.budget
        for (const spec of event.models) this.#know(spec)
        return
      case 'tick':
        return
      default: {
        const model = this.#models.get(event.model)
        if (model !== undefined) this.#changed(model, event, now)
      }
    }
  }

  #changed(model: Resident, event: Extract<SchedulerEvent, { model: string }>, now: number): void {
    switch (event.type) {
      case 'loaded':
        if (model.state.type !== 'loading') return
        model.state = { type: 'ready', since: now, parallel: event.parallel }
        model.loadMs = event.ms
        model.retrying = false
        model.crashedLoads = 0
        model.failedLoads = 0
        model.proved = false
        model.lastUsed = now
        return
      case 'measured':
        if (model.state.type === 'ready') model.needs = event.needs
        return
      case 'load_failed':
        return this.#loadFailed(model, event, now)
      case 'exited':
        return this.#exited(model, now)
      case 'unwanted':
        model.unwanted = model.takesMemory
    }
  }

  #submitted({ job, user, model: spec }: Extract<SchedulerEvent, { type: 'submitted' }>, now: number): void {
    const model = this.#know(spec)
    model.line.add({ job, user, since: now, order: ++this.#submissions })
    this.#jobs.set(job, model)
  }

  #ended(job: string, now: number): void {
    const model = this.#jobs.get(job)
    if (model === undefined) return
    this.#jobs.delete(job)
    if (model.line.remove(job) || !model.working.delete(job)) return
    model.used(now)
    model.proved = true
  }

  #loadFailed(
    model: Resident,
    { memory, instead }: Extract<SchedulerEvent, { type: 'load_failed' }>,
    now: number,
  ): void {
    if (model.state.type !== 'loading') return
    if (instead !== undefined) {
      model.spec = instead
      return this.#unload(model, 'failed')
    }
    const others = [...this.#models.values()].some(
      other => other.state.type === 'ready' && other.idle && !other.spec.pinned,
    )
    const again = memory && !model.retrying && others
    model.retrying = again
    if (!again) model.restsUntil = now + restartDelayMs(++model.failedLoads)
    if (again) {
      for (const other of this.#models.values()) {
        if (other.state.type === 'ready' && other.idle && !other.spec.pinned) this.#unload(other, 'evicted')
      }
    } else if (memory) {
      this.#refuse(model, { reason: 'no_memory', needed: model.needs, free: minus(this.#budget, this.used) })
    } else this.#refuse(model, { reason: 'load_failed' })
    this.#unload(model, 'failed')
  }

  #exited(model: Resident, now: number): void {
    const asked = model.state.type === 'unloading'
    if (!asked && model.takesMemory && model.crashed(now)) {
      this.#refuse(model, { reason: 'crashes' })
      model.crashedLoads = 0
    }
    // Whoever carries out the actions ends the jobs that worked with it.
    for (const job of model.working) this.#jobs.delete(job)
    model.working.clear()
    model.state = { type: 'absent' }
    model.needs = model.spec.needs
    model.unwanted = false
  }

  #know(spec: ModelSpec): Resident {
    const known = this.#models.get(spec.id)
    if (known !== undefined) {
      known.spec = spec
      if (!known.takesMemory) known.needs = spec.needs
      return known
    }
    const model = new Resident(spec)
    this.#models.set(spec.id, model)
    return model
  }

  #plan(now: number): void {
    const models = [...this.#models.values()]
    for (const model of models) model.draining = model.unwanted
    this.#letGo(models, now)
    this.#makeRoom(models, now)
    for (const model of models) this.#start(model, now)
  }

  /** Unloads what is unwanted, idle for too long, or idle while more is used than there is. */
  #letGo(models: readonly Resident[], now: number): void {
    for (const model of models) {
      if (model.state.type !== 'ready' || model.working.size > 0) continue
      if (model.unwanted) this.#unload(model, 'unwanted')
      else if (model.line.size === 0 && now >= model.idleUntil) this.#unload(model, 'idle')
    }
    const ready = models.filter(model => model.state.type === 'ready' && model.idle && !model.spec.pinned)
    for (const model of ready.toSorted((a, b) => a.worthAt(now) - b.worthAt(now))) {
      const leaving = models.filter(one => one.state.type === 'unloading').map(one => one.needs)
      const full = tooFull(leaving.reduce(minus, this.used), this.#budget)
      if (full.some(device => (model.needs[device] ?? 0) > 0)) this.#unload(model, 'evicted')
    }
  }

  /** Loads what somebody waits for, in the order of their waiting, and unloads for it what is cheapest to lose. */
  #makeRoom(models: readonly Resident[], now: number): void {
    const wanted = models
      .filter(({ state }) => state.type === 'absent')
      .filter(({ line, spec, restsUntil }) => line.size > 0 || (spec.pinned && now >= restsUntil))
      .toSorted(byWait)
    if (wanted.length === 0) return
    let free = minus(this.#budget, this.used)
    const leaving = models.filter(one => one.state.type === 'unloading')
    let coming = leaving.reduce((sum, one) => plus(sum, one.needs), {} as Needs)
    const taken = new Set<Resident>()
    for (const model of wanted) {
      const room = this.#roomFor(model, models)
      const { needs, elsewhere = needs } = model.spec
      if (!fits(needs, room) && !fits(elsewhere, room)) {
        this.#refuse(model, { reason: 'too_large', needed: needs, room })
        continue
      }
      model.needs = fits(needs, room) ? needs : elsewhere
      // After a load that failed for memory, what was unloaded for it has to be gone.
      if (now < model.notBefore || (model.retrying && leaving.length > 0)) continue
      const all = plus(free, coming)
      const impatient = now >= model.line.oldest + this.#patienceMs
      let choice = nobody
      if (model.line.size > 0 && !fits(model.needs, all))
        choice = chooseVictims(model.needs, all, models, { taken, impatient: false, now })
      if (choice.victims.length === 0 && impatient && !fits(model.needs, all)) {
        // Who uses the device may do so for hours: nobody has to end for one who can do without it.
        const isLess = tooFull(model.needs, all).some(device => elsewhere[device] === undefined)
        if (isLess && fits(elsewhere, room)) model.needs = elsewhere
        if (!fits(model.needs, all))
          choice = chooseVictims(model.needs, all, models, { taken, impatient, now })
      }
      if (fits(model.needs, free)) {
        model.state = { type: 'loading', since: now }
        this.#actions.push({ type: 'load', model: model.spec.id })
        // Pinned only: it takes what is free, and nobody's place.
      } else if (model.line.size === 0) continue
      for (const victim of choice.victims) {
        taken.add(victim)
        coming = plus(coming, victim.needs)
        if (choice.leave) this.#unload(victim, 'evicted')
        else victim.draining = true
      }
      // What it will take is nobody else's, also while it waits for it.
      free = minus(free, model.needs)
    }
  }

  /** What it could have if everything left that may be made to leave. */
  #roomFor(model: Resident, models: readonly Resident[]): Needs {
    const pinned = models.filter(other => other !== model && other.spec.pinned && other.takesMemory)
    return pinned.reduce((room, other) => minus(room, other.needs), this.#budget)
  }

  #start(model: Resident, now: number): void {
    const { state } = model
    if (state.type !== 'ready' || model.draining) return
    while (model.working.size < state.parallel) {
      const job = model.line.next()
      if (job === undefined) return
      model.working.add(job)
      model.used(now)
      this.#actions.push({ type: 'start', job, model: model.spec.id })
    }
  }

  #unload(model: Resident, why: Leaving): void {
    model.state = { type: 'unloading' }
    this.#actions.push({ type: 'unload', model: model.spec.id, why })
  }

  #refuse(model: Resident, why: Refusal): void {
    for (const job of model.line.clear()) {
      this.#jobs.delete(job)
      this.#actions.push({ type: 'refuse', job, model: model.spec.id, why })
    }
  }
}

const nobody: Choice = { victims: [], leave: false }

/** Those that nobody waits for, which are pinned, come last. */
function byWait(a: Resident, b: Resident): number {
  return a.line.first === b.line.first ? 0 : a.line.first - b.line.first
}
