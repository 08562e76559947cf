import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { Needs } from './needs.ts'

const seconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300]
const rates = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000]

/** What core counts, in Prometheus's text format. */
export class CoreMetrics {
  readonly #registry = new Registry()
  readonly #options = { registers: [this.#registry] }
  readonly #jobs = new Counter({
    ...this.#options,
    name: 'courante_jobs_total',
    help: 'Jobs that have ended, by how.',
    labelNames: ['service', 'model', 'end'],
  })
  readonly #wait = this.#seconds(
    'courante_job_wait_seconds',
    'From the claim of a job to its start in the engine.',
    ['service', 'model'],
  )
  readonly #run = this.#seconds(
    'courante_job_run_seconds',
    'From the start of a job in the engine to its end.',
    ['service', 'model'],
  )
  readonly #load = this.#seconds(
    'courante_model_load_seconds',
    'From the start of the process to the loaded model.',
    ['model'],
  )
  readonly #firstToken = this.#seconds(
    'courante_first_token_seconds',
    'From the start of a request in the engine to its first token.',
    ['model'],
  )
  readonly #rate = new Histogram({
    ...this.#options,
    name: 'courante_tokens_per_second',
    help: 'Of one request, after its first token.',
    labelNames: ['model'],
    buckets: rates,
  })
  readonly #tokens = new Counter({
    ...this.#options,
    name: 'courante_tokens_total',
    help: 'Tokens by their part: prompt (evaluated), cached (of the prompt), completion.',
    labelNames: ['model', 'part'],
  })
  readonly #unloads = this.#counter('courante_model_unloads_total', 'Models unloaded, for whatever reason.')
  readonly #evictions = this.#counter('courante_model_evictions_total', 'Of those, to make room for another.')
  readonly #crashes = this.#counter('courante_engine_crashes_total', 'Engines that ended by themselves.')
  readonly #depth = new Gauge({
    ...this.#options,
    name: 'courante_queue_jobs',
    help: 'Jobs of a service that are claimed: waiting for their model, or at work.',
    labelNames: ['service', 'state'],
  })
  readonly #memory = new Gauge({
    ...this.#options,
    name: 'courante_model_memory_bytes',
    help: 'Of resident models: estimated before the load, measured since, reserved in the budget, on graphics cards (gpu).',
    labelNames: ['model', 'what'],
  })
  readonly #budget = new Gauge({
    ...this.#options,
    name: 'courante_budget_bytes',
    help: 'What all models together may take.',
    labelNames: ['device'],
  })
  readonly #used = new Gauge({
    ...this.#options,
    name: 'courante_used_bytes',
    help: 'What is reserved of the budget.',
    labelNames: ['device'],
  })

  claimed(service: string): void {
    this.#depth.inc({ service, state: 'waiting' })
  }

  started(service: string, model: string, waitedMs: number): void {
    this.#depth.dec({ service, state: 'waiting' })
    this.#depth.inc({ service, state: 'working' })
    this.#wait.observe({ service, model }, waitedMs / 1000)
  }

  /** `ranMs` is undefined for one that was not started. */
  ended(service: string, model: string, end: string, ranMs: number | undefined): void {
    this.#depth.dec({ service, state: ranMs === undefined ? 'waiting' : 'working' })
    this.#jobs.inc({ service, model, end })
    if (ranMs !== undefined) this.#run.observe({ service, model }, ranMs / 1000)
  }

  generated(
    model: string,
    usage: {
      readonly promptTokens: number
      readonly cachedTokens: number
      readonly completionTokens: number
    },
    timings: { readonly firstToken?: number | undefined; readonly tokensPerSecond?: number | undefined },
  ): void {
    this.#tokens.inc({ model, part: 'prompt' }, usage.promptTokens - usage.cachedTokens)
    this.#tokens.inc({ model, part: 'cached' }, usage.cachedTokens)
    this.#tokens.inc({ model, part: 'completion' }, usage.completionTokens)
    if (timings.firstToken !== undefined) this.#firstToken.observe({ model }, timings.firstToken / 1000)
    if (timings.tokensPerSecond !== undefined) this.#rate.observe({ model }, timings.tokensPerSecond)
  }

  loaded(model: string, ms: number): void {
    this.#load.observe({ model }, ms / 1000)
  }

  unloaded(model: string): void {
    this.#unloads.inc({ model })
  }

  evicted(model: string): void {
    this.#evictions.inc({ model })
  }

  crashed(model: string): void {
    this.#crashes.inc({ model })
  }

  /** The text. Gauges of memory are set anew, so that models which are gone are gone there, too. */
  async text(
    { budget, used }: { readonly budget: Needs; readonly used: Needs },
    models: Iterable<{ readonly id: string; readonly bytes: Readonly<Record<string, number>> }>,
  ): Promise<string> {
    this.#memory.reset()
    for (const { id, bytes } of models)
      for (const [what, value] of Object.entries(bytes)) this.#memory.set({ model: id, what }, value)
    for (const [device, bytes] of Object.entries(budget)) {
      this.#budget.set({ device }, bytes)
      this.#used.set({ device }, used[device] ?? 0)
    }
    return await this.#registry.metrics()
  }

  #counter(name: string, help: string): Counter<'model'> {
    return new Counter({ ...this.#options, name, help, labelNames: ['model'] })
  }

  #seconds<L extends string>(name: string, help: string, labelNames: L[]): Histogram<L> {
    return new Histogram({ ...this.#options, name, help, labelNames, buckets: seconds })
  }
}
