import { once } from 'node:events'
import { Socket } from 'node:net'
import { encodeJsonFrame, FrameTooLarge, readFrames } from '../../lib/frames.ts'
import type { Io, Program } from '../../lib/io.ts'
import {
  type Engine,
  EngineError,
  type EngineFailure,
  type FromEngine,
  type LoadedModel,
  type ToEngine,
  toEngineSchema,
} from './engine.ts'

const beatMs = 1000

/**
 * The program of an engine's process. Core started it, talks to it on file descriptor 3 and decides when it ends, by
 * closing that: signals for core's process group, which reach this process too, are core's business (runMain takes them).
 */
export function engineProgram(engine: Engine): Program {
  return async (_argv, io) => {
    const core = new Socket({ fd: 3 })
    const child = new EngineProgram(engine, core, io)
    // Not `once` of node:events, which takes an error (EPIPE, when core is gone first) for a failure.
    const gone = new Promise<void>(resolve => core.once('close', () => resolve()))
    core.on('error', () => core.destroy())
    child.listen().catch(() => core.destroy())
    await gone
    // Native code may still be at work, and nobody wants its outcome.
    process.exit(0)
  }
}

class EngineProgram {
  readonly #engine: Engine
  readonly #core: Socket
  readonly #io: Io
  readonly #jobs = new Map<string, AbortController>()
  #model: LoadedModel | undefined

  constructor(engine: Engine, core: Socket, io: Io) {
    this.#engine = engine
    this.#core = core
    this.#io = io
  }

  async listen(): Promise<void> {
    const beat = setInterval(() => void this.#beat(), beatMs)
    for await (const { payload } of readFrames(this.#core)) {
      const message = toEngineSchema.parse(JSON.parse(payload.toString('utf8')))
      if (message.type === 'load') void this.#load(message)
      else if (message.type === 'run') void this.#run(message)
      else this.#jobs.get(message.job)?.abort('cancelled')
    }
    clearInterval(beat)
  }

  async #load({ model, threads, gpu, gpuBytes }: Extract<ToEngine, { type: 'load' }>): Promise<void> {
    const before = performance.now()
    const onProgress = (progress: number): void => this.#tell({ type: 'loading', progress })
    try {
      this.#model = await this.#engine.load({
        model,
        threads,
        gpu,
        ...(gpuBytes === undefined ? {} : { gpuBytes }),
        env: this.#io.env,
        onProgress,
      })
      const { parallel, facts } = this.#model
      // First what it takes, then that it is there.
      await this.#beat()
      this.#tell({
        type: 'loaded',
        ms: Math.round(performance.now() - before),
        parallel,
        facts: { ...facts },
      })
    } catch (error) {
      this.#tell({ type: 'load_failed', failure: failureOf(error) })
    }
  }

  async #run(message: Extract<ToEngine, { type: 'run' }>): Promise<void> {
    const { job, request, folder, out, socket } = message
    const abort = new AbortController()
    this.#jobs.set(job, abort)
    try {
      if (this.#model === undefined) throw new Error('a job before the model was loaded')
      const body = await this.#model.run({
        request,
        folder,
        out,
        socket,
        signal: abort.signal,
        say: line => this.#tell({ type: 'line', job, line }),
        heard: () => this.#heard(),
        listening: () => this.#tell({ type: 'listening', job }),
      })
      this.#tell({ type: 'done', job, body })
    } catch (error) {
      const failure = abort.signal.aborted ? ({ reason: 'cancelled' } as const) : failureOf(error)
      this.#tell({ type: 'failed', job, failure })
    } finally {
      this.#jobs.delete(job)
    }
  }

  async #beat(): Promise<void> {
    const gpu = (await this.#model?.gpuMemory?.()) ?? {}
    const memory = process.memoryUsage.rss() + (this.#model?.childMemory?.() ?? 0)
    this.#tell({ type: 'beat', memory, gpu })
  }

  /** The end of the channel, which would leave this waiting, is the end of the process. */
  async #heard(): Promise<void> {
    if (this.#core.writableNeedDrain) await once(this.#core, 'drain')
  }

  #tell(message: FromEngine): void {
    if (this.#core.writable) this.#core.write(encodeJsonFrame(message))
  }
}

function failureOf(error: unknown): EngineFailure {
  if (error instanceof EngineError) return error.failure
  // Core would take the engine for lost.
  if (error instanceof FrameTooLarge)
    return { reason: 'bad_request', detail: `its answer has ${error.message}: ask for less at once` }
  const detail = error instanceof Error ? (error.stack ?? error.message) : String(error)
  return { reason: 'internal', detail: detail.slice(0, 4000) }
}
