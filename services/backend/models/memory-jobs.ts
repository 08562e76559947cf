import type { CoreView } from '../../../models/core-view.ts'
import type { ApiProblem } from '../../chat/protocol.ts'
import type { PortalClient } from '../../portal/client.ts'
import { jobProblem } from '../api/job-problem.ts'
import { apiProblemOf, bodyOf } from '../api/problem-reply.ts'
import type { CoreWatch } from '../core-watch.ts'
import { apiProblems, log } from '../messages.ts'

export type MemoryJob = 'load' | 'unload'

/** Has core load and unload models. Nobody waits for the end of it: that shows in core's file, and a failure is kept here. */
export class MemoryJobs {
  readonly #portal: PortalClient
  readonly #core: CoreWatch
  readonly #changed: () => void
  readonly #log: (line: string) => void
  readonly #running = new Map<string, MemoryJob>()
  readonly #problems = new Map<string, ApiProblem>()
  readonly #stopping = new AbortController()

  constructor(
    portal: PortalClient,
    core: CoreWatch,
    { changed, log }: { readonly changed: () => void; readonly log: (line: string) => void },
  ) {
    this.#log = log
    this.#portal = portal
    this.#core = core
    this.#changed = changed
    core.on(now => {
      // What went wrong once is over when it goes well.
      for (const { id, state } of now?.models ?? []) if (state === 'ready') this.#problems.delete(id)
    })
  }

  running(id: string): MemoryJob | undefined {
    return this.#running.get(id)
  }

  problem(id: string): ApiProblem | undefined {
    return this.#problems.get(id)
  }

  /** Resolves when the job lies in the portal. One of a model at a time: whoever comes second shares it. */
  async start(kind: MemoryJob, id: string, { pid }: CoreView): Promise<void> {
    if (this.#running.has(id)) return
    this.#running.set(id, kind)
    this.#problems.delete(id)
    try {
      const job = await this.#portal.submit({ kind, model: id })
      void this.#follow(job, id, pid)
    } catch (error) {
      this.#running.delete(id)
      throw error
    }
    this.#changed()
  }

  close(): void {
    this.#stopping.abort()
  }

  async #follow(job: Awaited<ReturnType<PortalClient['submit']>>, id: string, pid: number): Promise<void> {
    using _job = job
    const gone = new AbortController()
    const stop = this.#core.on(core => {
      if (core?.pid !== pid) gone.abort()
    })
    let problem: ApiProblem | undefined
    try {
      const result = await job.wait(AbortSignal.any([gone.signal, this.#stopping.signal]))
      if (!result.ok) problem = bodyOf(...jobProblem(result.error))
    } catch (error) {
      if (this.#stopping.signal.aborted) return
      problem = gone.signal.aborted ? bodyOf(503, apiProblems.coreEnded(id)) : apiProblemOf(error)
      if (!gone.signal.aborted) this.#log(log.jobFailed(id, error))
      // The next core must not do what was given up here.
      await job.cancel()
    } finally {
      stop()
    }
    this.#running.delete(id)
    if (problem !== undefined) this.#problems.set(id, problem)
    this.#changed()
  }
}
