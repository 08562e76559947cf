import { writeSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import type { Dispatcher } from 'undici'
import { EngineError, type EngineSetup } from '../../../core/engine.ts'
import { ChildServer } from '../../shared/child-server.ts'
import type { Brush, OnStep, Picture } from '../paint-all.ts'
import { type Capabilities, DiffusionApi, type SdJob, type WholeStroke } from './api.ts'
import { failed, LastWords, type Painter, pictureOf, whole, withoutLora } from './painter.ts'
import type { DiffusionProgram } from './program.ts'
import { Steps } from './steps.ts'

/** How often a job is looked at, which takes a millisecond. */
const lookMs = 100

interface Running {
  readonly server: ChildServer
  readonly api: DiffusionApi
}

/** stable-diffusion.cpp's server, which keeps its model. Steps are only in what it prints. */
export class DiffusionServer implements Painter {
  readonly #program: DiffusionProgram
  readonly #args: readonly string[]
  readonly #setup: EngineSetup
  /** Kept while it is starting, too. */
  #starting: Promise<Running> | undefined
  #running: Running | undefined
  #capabilities: Capabilities | undefined
  #words = new LastWords()
  #onStep: OnStep = () => undefined

  static async start(
    program: DiffusionProgram,
    weights: readonly string[],
    setup: EngineSetup,
  ): Promise<DiffusionServer> {
    const server = new DiffusionServer(program, weights, setup)
    await server.#ensureRunning()
    return server
  }

  private constructor(program: DiffusionProgram, weights: readonly string[], setup: EngineSetup) {
    this.#program = program
    this.#setup = setup
    // What the model takes is to be seen when it is loaded, and not with its first picture.
    const eager = program.flags.has('--eager-load') ? ['--eager-load'] : []
    const processor = !setup.gpu && program.flags.has('--backend') ? ['--backend', 'cpu'] : []
    this.#args = [...weights, '--threads', String(setup.threads), ...withoutLora, ...eager, ...processor]
  }

  get samplers(): readonly string[] | undefined {
    return this.#capabilities?.samplers
  }

  get memory(): number {
    return this.#running?.server.memory ?? 0
  }

  paint(): Brush {
    return (stroke, signal, onStep) => this.#paint(whole(stroke), signal, onStep)
  }

  async #paint(stroke: WholeStroke, signal: AbortSignal, onStep: OnStep): Promise<Picture> {
    // A big model takes longer to come back than a cancellation may wait.
    const running = await unlessAborted(this.#ensureRunning(), signal)
    const { steps, guidance, sampler } = stroke
    this.#words = new LastWords()
    this.#onStep = (step, of) => (of === steps ? onStep(step, of) : undefined)
    try {
      const job = await this.#settled(running, stroke, signal)
      const image = job.result?.images[0]
      if (image === undefined) throw failed(`${job.error?.message ?? 'no picture'} (${this.#words.text})`)
      return { png: pictureOf(Buffer.from(image.b64_json, 'base64')), steps, guidance, sampler }
    } catch (error) {
      if (!(error instanceof EngineError) && !signal.aborted) await running.server.survived()
      throw error
    } finally {
      this.#onStep = () => undefined
    }
  }

  async #settled(running: Running, stroke: WholeStroke, signal: AbortSignal): Promise<SdJob> {
    let job = await running.api.submit(stroke)
    while (job.status === 'queued' || job.status === 'generating') {
      // An abort is seen here.
      await delay(lookMs, undefined, { signal }).catch(() => undefined)
      if (signal.aborted) await this.#leave(running)
      signal.throwIfAborted()
      job = await running.api.job(job.id)
    }
    return job
  }

  /** It can't stop what it has begun, so it has to go; the next request starts it again. */
  async #leave({ server }: Running): Promise<void> {
    this.#running = undefined
    this.#starting = undefined
    await server.stop()
  }

  #ensureRunning(): Promise<Running> {
    this.#starting ??= this.#start().catch((error: unknown) => {
      this.#starting = undefined
      throw error
    })
    return this.#starting
  }

  async #start(): Promise<Running> {
    const server = await ChildServer.start({
      program: this.#program.path,
      args: port => [...this.#args, '--listen-ip', '127.0.0.1', '--listen-port', String(port)],
      env: this.#setup.env,
      isReady: (url, signal, dispatcher) => this.#isReady(url, signal, dispatcher),
      onText: this.#reader(),
    })
    const running = { server, api: new DiffusionApi(server.url) }
    this.#running = running
    void server.died.then(words => {
      if (this.#running !== running) return
      // Core sees the end of this process, puts its jobs back and starts another.
      writeSync(2, `${words}\n`)
      process.exit(1)
    })
    return running
  }

  #reader(): (text: string) => void {
    const steps = new Steps()
    return text => {
      this.#words.take(text)
      for (const { type, done, of } of steps.take(text))
        if (type === 'step') this.#onStep(done, of)
        else if (this.#running === undefined) this.#setup.onProgress(Math.min(1, done / Math.max(1, of)))
    }
  }

  async #isReady(url: string, signal: AbortSignal, dispatcher: Dispatcher): Promise<boolean> {
    this.#capabilities = await new DiffusionApi(url, dispatcher).capabilities(signal)
    if (this.#capabilities !== undefined) return true
    const detail = `${this.#program.path} has no /sdcpp/v1 as this version knows it; sd-cli beside it would do`
    throw new EngineError({ reason: 'missing_program', program: 'sd-server', how: 'install', detail })
  }
}

/** The work goes on all the same. */
async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>()
  const abort = (): void => aborted.reject(signal.reason)
  signal.addEventListener('abort', abort, { once: true })
  if (signal.aborted) abort()
  try {
    return await Promise.race([work, aborted.promise])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}
