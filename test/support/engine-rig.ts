import { mkdir, copyFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { EngineFailure, EngineModel, EngineRequest } from '../../services/core/engine.ts'
import { type EngineEvent, EngineProcess, type WorkEnd } from '../../services/core/engine-process.ts'
import { root } from './our-stack.ts'
import { tempDir } from './temp.ts'

export interface EngineRigOptions {
  /** From the root of the repository. */
  readonly program: string
  readonly model: EngineModel
  readonly env?: Readonly<Record<string, string | undefined>>
  /** As core says it, which has looked for cards. */
  readonly gpu?: boolean
}

/** A job in work. */
export interface RigJob {
  readonly end: Promise<WorkEnd>
  /** What was said so far. */
  readonly lines: unknown[]
  /** Resolves with the first line, or at the end where none was said. */
  readonly firstLine: Promise<void>
  readonly listening: Promise<void>
  /** Where the engine puts files of the result. */
  readonly out: string
  readonly socket: string
  cancel(): void
}

/** An engine's real process with its model, or the failure of its load. */
export class EngineRig {
  readonly events: EngineEvent[]
  readonly process: EngineProcess
  readonly #dir: Awaited<ReturnType<typeof tempDir>>
  readonly #exited: Promise<void>
  readonly #waiting: (() => void)[]
  #jobs = 0

  /** Resolves when the model is loaded, its load failed, or the process is gone. */
  static async start({ program, model, env = {}, gpu = false }: EngineRigOptions): Promise<EngineRig> {
    const dir = await tempDir()
    const events: EngineEvent[] = []
    const waiting: (() => void)[] = []
    const settled = Promise.withResolvers<void>()
    const exited = Promise.withResolvers<void>()
    const process_ = new EngineProcess({
      program: join(root, program),
      model,
      threads: 1,
      gpu,
      // Whatever card is here: what the tests expect is the processor's.
      env: { ...process.env, COURANTE_GPU: 'off', ...env },
      onEvent: event => {
        events.push(event)
        while (waiting.length > 0) waiting.shift()?.()
        if (event.type !== 'spawned' && event.type !== 'loading' && event.type !== 'memory') settled.resolve()
        if (event.type === 'exited') exited.resolve()
      },
    })
    await settled.promise
    return new EngineRig(process_, events, waiting, dir, exited.promise)
  }

  private constructor(
    process_: EngineProcess,
    events: EngineEvent[],
    waiting: (() => void)[],
    dir: Awaited<ReturnType<typeof tempDir>>,
    exited: Promise<void>,
  ) {
    this.process = process_
    this.events = events
    this.#waiting = waiting
    this.#dir = dir
    this.#exited = exited
  }

  get loaded(): Extract<EngineEvent, { type: 'loaded' }> {
    const event = this.events.find(event => event.type === 'loaded')
    if (event === undefined) throw new Error(`not loaded: ${JSON.stringify(this.events)}`)
    return event
  }

  get loadFailure(): EngineFailure | undefined {
    return this.events.find(event => event.type === 'load_failed')?.failure
  }

  /** There is one a second at least, its sign of life. */
  nextEvent(): Promise<void> {
    return new Promise(resolve => this.#waiting.push(resolve))
  }

  get exited(): Promise<void> {
    return this.#exited
  }

  /** `attachments`: paths of files that lie in the request's folder. */
  async start(request: EngineRequest, attachments: readonly string[] = []): Promise<RigJob> {
    const job = `job-${++this.#jobs}`
    const folder = join(this.#dir.path, job)
    const out = join(folder, 'out')
    await mkdir(out, { recursive: true })
    for (const path of attachments) await copyFile(path, join(folder, basename(path)))
    const lines: unknown[] = []
    const firstLine = Promise.withResolvers<void>()
    const listening = Promise.withResolvers<void>()
    const socket = join(this.#dir.path, `${job}.sock`)
    const end = this.process.run(
      { job, request, folder, out, socket },
      {
        say: line => {
          lines.push(line)
          firstLine.resolve()
        },
        listening: () => listening.resolve(),
      },
    )
    void end.then(() => firstLine.resolve())
    return {
      end,
      lines,
      firstLine: firstLine.promise,
      listening: listening.promise,
      out,
      socket,
      cancel: () => this.process.cancel(job),
    }
  }

  /** The body of its result. Throws where it has none. */
  async result(
    request: EngineRequest,
    attachments: readonly string[] = [],
  ): Promise<{ body: Readonly<Record<string, unknown>>; lines: readonly unknown[]; out: string }> {
    const { end, lines, out } = await this.start(request, attachments)
    const ended = await end
    if (ended.type !== 'done') throw new Error(`no result: ${JSON.stringify(ended)}`)
    return { body: ended.body, lines, out }
  }

  /** Why it failed. Throws where it did not. */
  async failure(request: EngineRequest, attachments: readonly string[] = []): Promise<EngineFailure> {
    const { end } = await this.start(request, attachments)
    const ended = await end
    if (ended.type !== 'failed') throw new Error(`no failure: ${JSON.stringify(ended).slice(0, 2000)}`)
    return ended.failure
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.process.stop()
    await this.#dir[Symbol.asyncDispose]()
  }
}
