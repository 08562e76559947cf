import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { identify } from '../../lib/process-identity.ts'
import { type ChatRequest, type LlmRequest, llmRequestSchema } from '../../services/portal/llm-request.ts'
import type { JobError } from '../../services/portal/request.ts'
import { type ClaimedJob, type Outcome, PortalWorker } from '../../services/portal/worker.ts'

/** A chat request that was asked, and what the test lets the model say. */
export class Asked {
  readonly job: ClaimedJob<LlmRequest>
  readonly request: ChatRequest
  readonly #end: (outcome: Outcome) => void
  #text = ''

  constructor(job: ClaimedJob<LlmRequest>, request: ChatRequest, end: (outcome: Outcome) => void) {
    this.job = job
    this.request = request
    this.#end = end
  }

  /** `role: content` of each message. */
  get told(): string[] {
    return this.request.messages.map(({ role, content }) => `${role}: ${content}`)
  }

  async say(text: string, type: 'text' | 'thought' = 'text'): Promise<void> {
    if (type === 'text') this.#text += text
    await this.job.emit({ type, text })
  }

  /** With what it said, or with another text. */
  done(text = this.#text, more: Readonly<Record<string, unknown>> = {}): void {
    const usage = { promptTokens: 10, cachedTokens: 0, completionTokens: 1 }
    const body = { model: 'test', text, finish: 'stop', usage, timings: { total: 1 }, ...more }
    this.#end({ type: 'done', body })
  }

  fail(error: JobError): void {
    this.#end({ type: 'failed', error })
  }

  /** Its engine ends; another attempt comes as another `Asked`. */
  crash(): void {
    this.#end({ type: 'crashed', detail: 'as the test wanted' })
  }

  /** Resolves when the job was withdrawn. */
  async withdrawn(): Promise<void> {
    const { signal } = this.job
    if (signal.aborted) return
    await new Promise<void>(resolve => signal.addEventListener('abort', () => resolve()))
  }
}

/** Stands in for core: the test says, word by word, what the model answers. */
export class AgentModel implements AsyncDisposable {
  readonly #worker: PortalWorker<LlmRequest>
  readonly #came: Asked[] = []
  readonly #waiting: ((asked: Asked) => void)[] = []

  private constructor(spool: string, service: string) {
    this.#worker = new PortalWorker({
      spool,
      service,
      schema: llmRequestSchema,
      concurrency: 16,
      handle: job => this.#handle(job),
      log: () => undefined,
    })
  }

  static async open(home: string, service = 'llm'): Promise<AgentModel> {
    await mkdir(join(home, 'run'), { recursive: true })
    await writeFile(join(home, 'run/core.json'), JSON.stringify({ ...identify(process.pid), models: [] }))
    const model = new AgentModel(join(home, 'portals'), service)
    await model.#worker.start()
    return model
  }

  /** The next request. */
  async asked(): Promise<Asked> {
    return this.#came.shift() ?? (await new Promise(resolve => this.#waiting.push(resolve)))
  }

  /** Requests that nobody has taken by `asked`. */
  get unanswered(): number {
    return this.#came.length
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker.stop()
  }

  async #handle(job: ClaimedJob<LlmRequest>): Promise<Outcome> {
    const { promise, resolve } = Promise.withResolvers<Outcome>()
    job.signal.addEventListener('abort', () => {
      const cancelled = { code: 'cancelled', message: 'It was cancelled.' }
      resolve(job.signal.reason === 'stopping' ? { type: 'released' } : { type: 'failed', error: cancelled })
    })
    const asked = new Asked(job, job.request as ChatRequest, resolve)
    const waiting = this.#waiting.shift()
    if (waiting === undefined) this.#came.push(asked)
    else waiting(asked)
    return await promise
  }
}
