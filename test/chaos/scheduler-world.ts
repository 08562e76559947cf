// More than 300 lines: one world.
import { fits, minus, type Needs, tooFull } from '../../services/core/needs.ts'
import type { ModelSpec } from '../../services/core/resident.ts'
import { Scheduler, type SchedulerAction, type SchedulerEvent } from '../../services/core/scheduler.ts'
import type { Random } from './random.ts'

/**
 * A world for the scheduler's simulation: processes that load, fail, crash, grow and end, jobs that come, run and are
 * cancelled, all at random from a seed, under a clock of its own. It checks after each event what must always hold.
 */
export class SchedulerWorld {
  events = 0
  done = 0
  longestWaitMs = 0
  /** Models that have gone from the card to the processor after a load that failed. */
  moved = 0
  /** Loads beside the card, after a long wait for it. */
  beside = 0
  readonly refused = new Map<string, number>()
  readonly #random: Random
  readonly #scheduler: Scheduler
  readonly #patienceMs: number
  readonly #processes = new Map<string, Process>()
  readonly #jobs = new Map<string, Job>()
  readonly #agenda = new Agenda()
  #budget: Needs = { memory: 16, gpu: 12 }
  #specs: ModelSpec[]
  #now = 0
  #submitted = 0
  #wake = 0

  constructor(random: Random, patienceMs = 30_000) {
    this.#random = random
    this.#patienceMs = patienceMs
    this.#scheduler = new Scheduler({ budget: this.#budget, patienceMs })
    this.#specs = Array.from({ length: 9 }, (_, i) => ({
      id: `m${i}`,
      ...(i % 3 === 0 ? this.#cardNeeds(i) : { needs: { memory: this.#int(1, 15) } }),
      idleMs: i === 4 ? Infinity : this.#int(1000, 300_000),
      pinned: false,
    }))
  }

  /** The first of them has no other place, as one that is too large for the machine's own memory. */
  #cardNeeds(i: number): Pick<ModelSpec, 'needs' | 'elsewhere'> {
    const gpu = this.#int(2, 9)
    return { needs: { memory: 1, gpu }, ...(i === 0 ? {} : { elsewhere: { memory: gpu } }) }
  }

  /** Lets so many things happen, then lets what is left come to its end. */
  run(events: number): void {
    this.#arrive()
    this.#meddle()
    while (this.events < events) this.#next()
    this.#quiet = true
    const last = this.events + 200_000
    while (this.#jobs.size > 0) {
      if (this.events > last) throw new Error(`${this.#jobs.size} jobs never ended: ${this.#story()}`)
      this.#next()
    }
  }

  #quiet = false

  #next(): void {
    const due = this.#agenda.take()
    if (due === undefined) throw new Error(`nothing happens any more: ${this.#story()}`)
    this.#now = Math.max(this.#now, due.at)
    due.happen()
  }

  #after(ms: number, happen: () => void): void {
    this.#agenda.add({ at: this.#now + ms, happen })
  }

  #arrive(): void {
    if (this.#quiet) return
    const burst = this.#random.next() < 0.05 ? this.#int(5, 40) : 1
    for (let i = 0; i < burst; i++) {
      const model = this.#specs[this.#int(0, this.#specs.length)]
      if (model !== undefined) this.#submit(model, `u${this.#int(0, 4)}`)
    }
    this.#after(this.#random.next() < 0.01 ? 400_000 : this.#int(1, 3000), () => this.#arrive())
  }

  #submit(model: ModelSpec, user: string): void {
    const job = `j${++this.#submitted}`
    this.#jobs.set(job, { model: model.id, since: this.#now, state: 'waiting' })
    this.#tell({ type: 'submitted', job, user, model })
    if (this.#random.next() < 0.05) this.#after(this.#int(1, 5000), () => this.#end(job))
  }

  /** People, who change settings and want things out of the way. */
  #meddle(): void {
    if (this.#quiet) return
    const model = this.#int(0, this.#specs.length)
    if (this.#random.next() < 0.5) this.#tell({ type: 'unwanted', model: `m${model}` })
    else {
      const pinned = this.#random.next() < 0.3 ? [model] : []
      this.#specs = this.#specs.map((spec, i) => ({ ...spec, pinned: pinned.includes(i) }))
      this.#budget = { memory: this.#int(12, 24), gpu: this.#int(9, 16) }
      this.#tell({ type: 'settings', models: this.#specs, budget: this.#budget })
    }
    this.#after(this.#int(1000, 100_000), () => this.#meddle())
  }

  #end(job: string): void {
    const one = this.#jobs.get(job)
    if (one === undefined) return
    this.#jobs.delete(job)
    this.done++
    this.#processes.get(one.model)?.working.delete(job)
    this.#tell({ type: 'ended', job })
  }

  #tell(event: SchedulerEvent): void {
    this.events++
    const actions = this.#scheduler.handle(event, this.#now)
    this.#check(actions)
    for (const action of actions) this.#carryOut(action)
    const deadline = this.#scheduler.deadline(this.#now)
    if (deadline === undefined || deadline === this.#wake) return
    this.#wake = deadline
    this.#after(deadline - this.#now, () => {
      if (this.#wake === deadline) this.#wake = 0
      this.#tell({ type: 'tick' })
    })
  }

  #check(actions: readonly SchedulerAction[]): void {
    const { used } = this.#scheduler
    for (const { type, model } of actions) {
      // On the devices that it needs: another may be full of what has grown there.
      const needs = this.#scheduler.models.get(model)?.needs ?? {}
      const over = Object.keys(needs).some(device => (used[device] ?? 0) > (this.#budget[device] ?? 0))
      if (type === 'load' && over) this.#fail(`a load of ${model} is over the budget`)
    }
    this.#checkPatience()
    for (const device of tooFull(used, this.#budget)) {
      const there = [...this.#scheduler.models.values()].filter(({ needs }) => (needs[device] ?? 0) > 0)
      const leaves = there.some(({ state }) => state.type === 'unloading')
      const spare = there.some(({ state, idle, spec }) => state.type === 'ready' && idle && !spec.pinned)
      if (spare && !leaves) this.#fail(`over the budget of ${device}, and an idle model stays there`)
    }
  }

  /** Who has come first and waited long enough waits for no device without which it could be loaded now. */
  #checkPatience(): void {
    const waiting = [...this.#scheduler.models.values()].filter(
      ({ state, line }) => state.type === 'absent' && line.size > 0,
    )
    const first = waiting.toSorted((a, b) => a.line.first - b.line.first)[0]
    if (first?.spec.elsewhere === undefined || this.#now < first.notBefore || first.retrying) return
    if (this.#now - first.line.oldest < this.#patienceMs) return
    // What leaves may be leaving for it.
    if ([...this.#scheduler.models.values()].some(({ state }) => state.type === 'unloading')) return
    if (fits(first.spec.elsewhere, minus(this.#budget, this.#scheduler.used)))
      this.#fail(`${first.spec.id} waits for the card for too long`)
  }

  #carryOut(action: SchedulerAction): void {
    const process = this.#processes.get(action.model)
    switch (action.type) {
      case 'load': {
        if (process !== undefined) this.#fail('a load beside a process that is still there')
        const started: Process = { state: 'loading', parallel: this.#int(1, 8), working: new Set() }
        this.#processes.set(action.model, started)
        const { needs, spec } = this.#scheduler.models.get(action.model) ?? {}
        if (spec?.needs['gpu'] !== undefined && needs?.['gpu'] === undefined) this.beside++
        return this.#after(this.#int(10, 4000), () => this.#loadEnds(action.model, started))
      }
      case 'unload':
        if (process === undefined) return this.#fail('an unload of nothing')
        if (process.working.size > 0) this.#fail('an unload of a model in use')
        process.state = 'unloading'
        return this.#after(this.#int(1, 500), () => this.#exit(action.model, process))
      case 'start': {
        const job = this.#jobs.get(action.job)
        if (job?.state !== 'waiting' || job.model !== action.model)
          return this.#fail('a start of a job that does not wait')
        if (process?.state !== 'ready') return this.#fail('a start with a model that is not ready')
        process.working.add(action.job)
        if (process.working.size > process.parallel) this.#fail('more at once than the engine takes')
        job.state = 'working'
        this.longestWaitMs = Math.max(this.longestWaitMs, this.#now - job.since)
        return this.#after(this.#int(5, 6000), () => this.#end(action.job))
      }
      case 'refuse': {
        const job = this.#jobs.get(action.job)
        if (job?.state !== 'waiting') return this.#fail('a refusal of a job that does not wait')
        this.#jobs.delete(action.job)
        this.done++
        const { reason } = action.why
        this.refused.set(reason, (this.refused.get(reason) ?? 0) + 1)
      }
    }
  }

  #loadEnds(model: string, process: Process): void {
    if (this.#processes.get(model) !== process || process.state !== 'loading') return
    const luck = this.#random.next()
    if (luck < 0.04) return this.#exit(model, process)
    if (luck < 0.1) {
      process.state = 'failed'
      const spec = this.#specs.find(({ id }) => id === model)
      // The card fails it: from now on it needs as much of the machine's own memory.
      const gpu =
        this.#scheduler.models.get(model)?.needs['gpu'] === undefined ? 0 : (spec?.needs['gpu'] ?? 0)
      if (spec === undefined || gpu === 0 || luck < 0.06)
        return this.#tell({ type: 'load_failed', model, memory: luck < 0.08 })
      const { elsewhere: _, ...rest } = spec
      const instead = { ...rest, needs: { memory: gpu } }
      this.#specs = this.#specs.map(one => (one.id === model ? instead : one))
      this.moved++
      this.#after(this.#int(100_000, 900_000), () => this.#moveBack(spec))
      return this.#tell({ type: 'load_failed', model, memory: luck < 0.08, instead })
    }
    process.state = 'ready'
    this.#tell({ type: 'loaded', model, parallel: process.parallel, ms: this.#int(10, 4000) })
    if (this.#random.next() < 0.3) this.#after(this.#int(1, 60_000), () => this.#grow(model, process))
    if (this.#random.next() < 0.1) this.#after(this.#int(1, 60_000), () => this.#exit(model, process))
  }

  #moveBack({ id, needs, elsewhere }: ModelSpec): void {
    const places = { needs, ...(elsewhere === undefined ? {} : { elsewhere }) }
    this.#specs = this.#specs.map(spec => (spec.id === id ? { ...spec, ...places } : spec))
  }

  #grow(model: string, process: Process): void {
    if (this.#processes.get(model) !== process) return
    // Where it is now, which may be beside the card.
    const spec = this.#specs.find(({ id }) => id === model)
    const isOnCard = this.#scheduler.models.get(model)?.needs['gpu'] !== undefined
    const needs = (isOnCard ? spec?.needs : (spec?.elsewhere ?? spec?.needs)) ?? {}
    const grown = Object.entries(needs).map(([device, bytes]) => [device, bytes + this.#int(0, 3)])
    this.#tell({ type: 'measured', model, needs: Object.fromEntries(grown) as Needs })
  }

  /** By its own crash, or because it was asked to. */
  #exit(model: string, process: Process): void {
    if (this.#processes.get(model) !== process) return
    this.#processes.delete(model)
    const lost = [...process.working]
    this.#tell({ type: 'exited', model })
    for (const job of lost) this.#end(job)
  }

  #int(from: number, to: number): number {
    return from + this.#random.below(to - from)
  }

  #fail(what: string): never {
    throw new Error(`${what}, at event ${this.events}: ${this.#story()}`)
  }

  #story(): string {
    const models = [...this.#scheduler.models.values()].map(
      ({ spec, state, needs, working, line }) =>
        `${spec.id} ${state.type} ${JSON.stringify(needs)} working ${working.size} waiting ${line.size}`,
    )
    return [`budget ${JSON.stringify(this.#budget)}`, ...models].join('; ')
  }
}

interface Process {
  state: 'loading' | 'failed' | 'ready' | 'unloading'
  readonly parallel: number
  readonly working: Set<string>
}

interface Job {
  readonly model: string
  readonly since: number
  state: 'waiting' | 'working'
}

interface Due {
  readonly at: number
  readonly happen: () => void
}

/** A binary heap by time. */
class Agenda {
  readonly #heap: Due[] = []

  add(due: Due): void {
    let at = this.#heap.push(due) - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      if ((this.#heap[parent]?.at ?? 0) <= due.at) break
      this.#heap[at] = this.#heap[parent] ?? due
      at = parent
    }
    this.#heap[at] = due
  }

  take(): Due | undefined {
    const first = this.#heap[0]
    const last = this.#heap.pop()
    if (last === undefined || first === last) return first
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      const right = this.#heap[child + 1]
      if (right !== undefined && right.at < (this.#heap[child]?.at ?? 0)) child++
      const smaller = this.#heap[child]
      if (smaller === undefined || smaller.at >= last.at) break
      this.#heap[at] = smaller
      at = child
    }
    this.#heap[at] = last
    return first
  }
}
