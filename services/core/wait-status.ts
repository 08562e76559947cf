import type { ClaimedJob } from '../portal/worker.ts'
import type { Stage } from './core.ts'

/** A wait that is shorter is not worth its words. */
const patienceMs = 200

/** Tells in a job's `status.json` what it waits for, if it has to wait: for its model's load, or for its turn. */
export class WaitStatus implements Disposable {
  readonly #job: Pick<ClaimedJob<unknown>, 'setStatus'>
  readonly #model: string
  readonly #stage: () => Stage
  readonly #timer: NodeJS.Timeout
  #told = ''

  constructor(job: Pick<ClaimedJob<unknown>, 'setStatus'>, model: string, stage: () => Stage) {
    this.#job = job
    this.#model = model
    this.#stage = stage
    this.#timer = setInterval(() => void this.#look().catch(() => undefined), patienceMs)
  }

  /** The work begins. */
  async begin(): Promise<void> {
    clearInterval(this.#timer)
    if (this.#told !== '') await this.#tell({ stage: 'working' })
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
  }

  async #look(): Promise<void> {
    const stage = this.#stage()
    const said = JSON.stringify(stage)
    if (said === this.#told) return
    this.#told = said
    await this.#tell(stage)
  }

  #tell(stage: Stage | { readonly stage: 'working' }): Promise<void> {
    return this.#job.setStatus({ state: 'running', model: this.#model, ...stage })
  }
}
