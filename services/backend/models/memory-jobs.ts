import type { CoreView } from '../../../models/core-view.ts'
import type { ApiProblem } from '../../chat/protocol.ts'
import type { ClientTransport, SubmittedJob } from '../../portal/transport.ts'
import { jobProblem } from '../api/job-problem.ts'
import { apiProblemOf, bodyOf } from '../api/problem-reply.ts'
import type { CoreWatch } from '../core-watch.ts'
import { apiProblems, log } from '../messages.ts'

export type MemoryJob = 'load' | 'unload'

interface Running {
  readonly kind: MemoryJob
  readonly job: Promise<SubmittedJob>
}

/** Has core load and unload models. Nobody waits for the end of it: that shows in core's file, and a failure is kept here. */
export class MemoryJobs {
  readonly #portal: Pick<ClientTransport, 'submit'>
  readonly #core: CoreWatch
  readonly #changed: () => void
  readonly #log: (line: string) => void
  readonly #running = new Map<string, Running>()
  readonly #problems = new Map<string, ApiProblem>()
  readonly #stopping = new AbortController()

  constructor(
    portal: Pick<ClientTransport, 'submit'>,
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
    return this.#running.get(id)?.kind
  }

  problem(id: string): ApiProblem | undefined {
    return this.#problems.get(id)
  }

  /**
   * Resolves when the job lies in the portal. Of a model there is one at a time: whoever wants the same shares it, and who
   * wants the other calls it off.
   */
  async start(kind: MemoryJob, id: string, { pid }: CoreView): Promise<void> {
    const before = this.#running.get(id)
    if (before?.kind === kind) return
    const running = { kind, job: this.#submit(kind, id, before) }
    this.#running.set(id, running)
    this.#problems.delete(id)
    try {
      const job = await running.job
      void this.#follow(job, id, pid)
        .catch((error: unknown) => {
          this.#log(log.jobFailed(id, error))
          return apiProblemOf(error)
        })
        .then(problem => this.#ended(id, running, problem))
    } catch (error) {
      this.#ended(id, running, undefined)
      throw error
    }
    this.#changed()
  }

  /** False: there is none. */
  async callOff(id: string): Promise<boolean> {
    const running = this.#running.get(id)
    if (running === undefined) return false
    this.#running.delete(id)
    await cancel(running)
    this.#changed()
    return true
  }

  close(): void {
    this.#stopping.abort()
  }

  async #submit(kind: MemoryJob, id: string, before: Running | undefined): Promise<SubmittedJob> {
    if (before !== undefined) await cancel(before)
    return await this.#portal.submit({ kind, model: id })
  }

  async #follow(job: SubmittedJob, id: string, pid: number): Promise<ApiProblem | undefined> {
    using _job = job
    const gone = new AbortController()
    const stop = this.#core.on(core => {
      if (core?.pid !== pid) gone.abort()
    })
    try {
      const result = await job.wait(AbortSignal.any([gone.signal, this.#stopping.signal]))
      if (result.ok) return undefined
      const [status, problem] = jobProblem(result.error)
      return bodyOf(status, problem)
    } catch (error) {
      if (this.#stopping.signal.aborted) return undefined
      if (!gone.signal.aborted) this.#log(log.jobFailed(id, error))
      // The next core must not do what was given up here.
      await job.cancel()
      return gone.signal.aborted ? bodyOf(503, apiProblems.coreEnded(id)) : apiProblemOf(error)
    } finally {
      stop()
    }
  }

  #ended(id: string, running: Running, problem: ApiProblem | undefined): void {
    // How one ended that was called off concerns nobody.
    if (this.#running.get(id) !== running) return
    this.#running.delete(id)
    if (problem !== undefined) this.#problems.set(id, problem)
    if (!this.#stopping.signal.aborted) this.#changed()
  }
}

async function cancel({ job }: Running): Promise<void> {
  // What could not be submitted was told to who wanted it.
  const [submitted] = await Promise.allSettled([job])
  if (submitted.status === 'fulfilled') await submitted.value.cancel()
}
