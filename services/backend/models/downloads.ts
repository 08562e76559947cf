import { ProblemError } from '../../../lib/problem.ts'
import { fetchModel, type FetchOptions } from '../../../models/fetch.ts'
import type { MissingPart } from '../../../models/missing-parts.ts'
import type { ApiProblem } from '../../chat/protocol.ts'
import { apiProblemOf } from '../api/problem-reply.ts'
import { log } from '../messages.ts'
import type { ModelState } from '../protocol.ts'

export interface DownloadsOptions extends Pick<FetchOptions, 'modelsDir' | 'env' | 'cwd'> {
  readonly log: (line: string) => void
}

type Fetching = Extract<ModelState, { type: 'fetching' }>

interface Running {
  state: Fetching
  /** Ids of all models that come with it, of its own too. */
  readonly parts: readonly string[]
  readonly abort: AbortController
  readonly done: Promise<void>
}

/** What models are being fetched, and why the last fetch of others has failed. absent → fetching → installed, or absent again. */
export class Downloads {
  readonly #options: DownloadsOptions
  /** One began or ended. */
  readonly #changed: () => void
  readonly #running = new Map<string, Running>()
  readonly #problems = new Map<string, ApiProblem>()

  constructor(options: DownloadsOptions, changed: () => void) {
    this.#options = options
    this.#changed = changed
  }

  state(id: string): Fetching | undefined {
    return this.#running.get(id)?.state
  }

  /** Also as what another model needs. */
  isFetching(id: string): boolean {
    return [...this.#running.values()].some(({ parts }) => parts.includes(id))
  }

  problem(id: string): ApiProblem | undefined {
    return this.#problems.get(id)
  }

  /** One of a model at a time: whoever comes second shares it. */
  start(id: string, parts: readonly MissingPart[]): void {
    if (this.#running.has(id)) return
    const abort = new AbortController()
    const total = parts.reduce((sum, { model }) => sum + model.from.bytes, 0)
    const done = this.#fetch(id, parts, abort.signal).then(problem => {
      this.#running.delete(id)
      if (problem !== undefined && !abort.signal.aborted) this.#problems.set(id, problem)
      this.#changed()
    })
    this.#running.set(id, {
      state: { type: 'fetching', bytes: 0, total },
      parts: parts.map(({ model }) => model.id),
      abort,
      done,
    })
    this.#problems.delete(id)
    this.#changed()
  }

  /** Resolves when it has ended; what has come is kept for the next one. */
  async stop(id: string): Promise<void> {
    const running = this.#running.get(id)
    running?.abort.abort('SIGTERM')
    await running?.done
  }

  async close(): Promise<void> {
    await Promise.all([...this.#running.keys()].map(id => this.stop(id)))
  }

  /** The parts one after the other. */
  async #fetch(
    id: string,
    parts: readonly MissingPart[],
    signal: AbortSignal,
  ): Promise<ApiProblem | undefined> {
    let before = 0
    for (const { model } of parts) {
      try {
        const problem = await fetchModel(model, {
          ...this.#options,
          signal,
          onProgress: bytes => this.#show(id, before + bytes),
          onNotice: notice => this.#show(id, undefined, notice),
        })
        if (problem !== undefined) return apiProblemOf(new ProblemError(problem))
      } catch (error) {
        this.#options.log(log.fetchFailed(id, error))
        return apiProblemOf(error)
      }
      before += model.from.bytes
      this.#show(id, before)
    }
    return undefined
  }

  /** A notice stands until something comes again. */
  #show(id: string, bytes: number | undefined, notice?: string): void {
    const running = this.#running.get(id)
    if (running === undefined) return
    const { total, bytes: had } = running.state
    running.state = {
      type: 'fetching',
      bytes: Math.min(total, bytes ?? had),
      total,
      ...(notice === undefined ? {} : { notice }),
    }
  }
}
