import type { ServerResponse } from 'node:http'
import { readCore } from '../../models/core-view.ts'
import type { Attachment, Job, PortalClient, RequestInput } from '../portal/client.ts'
import type { Result } from '../portal/request.ts'
import { withdraw } from '../portal/withdraw.ts'
import { jobProblem } from './api/job-problem.ts'
import { Refusal } from './api/refusal.ts'
import type { CoreWatch } from './core-watch.ts'
import { apiProblems } from './messages.ts'

export interface CoreJobOptions {
  readonly home: string
  readonly portal: (service: string) => PortalClient
  readonly core: CoreWatch
  readonly stopping: AbortSignal
}

export type Done = Extract<Result, { ok: true }>

export interface Order {
  readonly service: 'llm' | 'stt' | 'tts' | 'image'
  readonly request: RequestInput
  readonly files?: readonly Attachment[]
  /** Where files of the result are put. */
  readonly filesTo?: string
  /** Reads the job's stream to its end. */
  readonly follow?: (job: Job, signal: AbortSignal) => Promise<void>
}

/** What core does for one request of a client: it ends with the client, with core, and with this server. */
export class CoreJobs {
  readonly #options: CoreJobOptions

  constructor(options: CoreJobOptions) {
    this.#options = options
  }

  /** Throws a Refusal where core is not there, goes, or refuses; whatever else happens withdraws the job. */
  async run(order: Order, client: ServerResponse): Promise<Done> {
    const { home, portal, core, stopping } = this.#options
    if (readCore(home) === undefined) throw new Refusal(503, apiProblems.coreAbsent())
    const life = new AbortController()
    const leave = (): void => life.abort('gone')
    client.on('close', leave)
    // While its body was read.
    if (client.destroyed) leave()
    const forget = core.on(now => {
      if (now === undefined) life.abort('no core')
    })
    const signal = AbortSignal.any([life.signal, stopping])
    const { service, request, files, filesTo, follow } = order
    try {
      using job = await portal(service).submit(request, { signal, ...(files === undefined ? {} : { files }) })
      try {
        await follow?.(job, signal)
        const result = await job.wait(signal, filesTo === undefined ? {} : { filesTo })
        if (!result.ok) throw new Refusal(...jobProblem(result.error))
        return result
      } catch (error) {
        await withdraw(job)
        throw error
      }
    } catch (error) {
      if (!signal.aborted || error instanceof Refusal) throw error
      const why = signal.reason === 'no core' ? apiProblems.coreAbsent() : apiProblems.stopping()
      throw new Refusal(503, why, { 'retry-after': '1' })
    } finally {
      client.off('close', leave)
      forget()
    }
  }
}
