import { type ChildProcess, spawn } from 'node:child_process'
import type { Socket } from 'node:net'
import { extname, join } from 'node:path'
import { encodeJsonFrame, readFrames } from '../../lib/frames.ts'
import {
  type EngineAnswer,
  type EngineFailure,
  type EngineModel,
  type EngineRequest,
  type FromEngine,
  fromEngineSchema,
  type ToEngine,
} from './engine.ts'

export interface EngineProcessOptions {
  /** Absolute path of the engine's program: TypeScript, or Python. */
  readonly program: string
  readonly model: EngineModel
  readonly threads: number
  readonly gpu: boolean
  readonly gpuBytes?: number | undefined
  readonly env: Readonly<Record<string, string | undefined>>
  readonly onEvent: (event: EngineEvent) => void
  readonly limits?: EngineLimits
}

/** In ms, but for `beats`. */
export interface EngineLimits {
  /** Signs of life that may be missing, one a second: while it loads, which may block it, and later. */
  readonly beats: { readonly loading: number; readonly ready: number }
  /** From a cancellation to the answer. */
  readonly cancel: number
  /** From the end of the channel to the end of the process. */
  readonly stop: number
}

const defaultLimits: EngineLimits = { beats: { loading: 120, ready: 10 }, cancel: 5000, stop: 2000 }
const beatMs = 1000
/** Characters of what an engine says on stderr that are kept. */
const stderrLength = 4096

export type EngineEvent =
  | { readonly type: 'spawned'; readonly pid: number }
  | { readonly type: 'loading'; readonly progress: number }
  | {
      readonly type: 'loaded'
      readonly ms: number
      readonly parallel: number
      readonly facts: Readonly<Record<string, string | number | readonly string[]>>
    }
  | { readonly type: 'load_failed'; readonly failure: EngineFailure }
  | { readonly type: 'memory'; readonly bytes: number; readonly gpu: Readonly<Record<string, number>> }
  /**
   * Once, as the last one, when nothing of it is left. `crashed`: by itself, or it hung; not for something else that it did wrong.
   * `detail`: how, and its last words.
   */
  | {
      readonly type: 'exited'
      readonly asked: boolean
      readonly crashed: boolean
      readonly detail: string
    }

export interface EngineWork {
  /** Unique among those of this process. */
  readonly job: string
  readonly request: EngineRequest
  readonly folder: string
  readonly out: string
  readonly socket: string
}

/** How a job ended: by the engine's answer, or because its process is gone. */
export type WorkEnd = EngineAnswer | { readonly type: 'crashed'; readonly detail: string }

interface Working {
  readonly end: (end: WorkEnd) => void
  readonly say: (line: unknown) => void
  readonly listening: () => void
  cancelled?: NodeJS.Timeout
}

/**
 * One engine's process from its start to its end:
 *
 *     loading ──(loaded)──▶ ready ──(stop, kill, crash, hang)──▶ exited
 *        └──────(load_failed, stop, kill, crash, hang)─────────────▲
 *
 * It shows that it lives by a beat a second. One that is silent, or does not obey a cancellation, is killed.
 */
export class EngineProcess {
  readonly pid: number | undefined
  readonly #options: EngineProcessOptions
  readonly #limits: EngineLimits
  readonly #child: ChildProcess
  readonly #channel: Socket
  readonly #watch: NodeJS.Timeout
  readonly #working = new Map<string, Working>()
  readonly #gone = Promise.withResolvers<void>()
  #stderr = ''
  #missedBeats = 0
  #loaded = false
  #asked = false
  #crashed = true
  #proved = false
  #why = ''
  /** How it ended, once it has. */
  #end: string | undefined

  /** Starts it, and lets it load its model. */
  constructor(options: EngineProcessOptions) {
    this.#options = options
    this.#limits = options.limits ?? defaultLimits
    const [command, ...args] = commandOf(options.program)
    this.#child = spawn(command, args, {
      env: options.env,
      stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
      // A group of its own: what it starts goes with it, and a terminal's Ctrl-C is core's business.
      detached: true,
    })
    this.pid = this.#child.pid
    this.#channel = this.#child.stdio[3] as Socket
    this.#channel.on('error', () => undefined)
    // Not by lines, which may be without end.
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-stderrLength)
    })
    this.#child.on('error', error => {
      this.#why = `it can't be started: ${error.message}`
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
        const detail = 'it is not on the PATH of core'
        const failure = { reason: 'missing_program', program: command, how: 'install', detail } as const
        options.onEvent({ type: 'load_failed', failure })
      }
      if (this.pid === undefined) this.#ended(null, null)
    })
    // What it had started may hold its streams open.
    this.#child.on('exit', () => this.#signalGroup())
    // `close` and not `exit`: by then its last words are here.
    this.#child.on('close', (code, signal) => this.#ended(code, signal))
    this.#listen().catch((error: NodeJS.ErrnoException) => {
      // A channel that breaks, or that `stop` closed, is the process's end, which is told by itself.
      if (error.code === undefined) this.kill(`it said what can't be understood: ${error.message}`)
    })
    this.#watch = setInterval(() => this.#missBeat(), beatMs)
    const { model, threads, gpu, gpuBytes } = options
    this.#tell({ type: 'load', model, threads, gpu, gpuBytes })
    if (this.pid !== undefined) options.onEvent({ type: 'spawned', pid: this.pid })
  }

  /** Resolves in every case. Only after `loaded`. */
  async run(work: EngineWork, hooks: Pick<Working, 'say' | 'listening'>): Promise<WorkEnd> {
    if (this.#end !== undefined) return { type: 'crashed', detail: this.#end }
    const { promise, resolve } = Promise.withResolvers<WorkEnd>()
    const working: Working = { ...hooks, end: resolve }
    this.#working.set(work.job, working)
    this.#tell({ type: 'run', ...work })
    try {
      return await promise
    } finally {
      clearTimeout(working.cancelled)
      this.#working.delete(work.job)
    }
  }

  /** It has done a job. */
  get proved(): boolean {
    return this.#proved
  }

  /** Asks for the end of a job. An engine that does not answer in time is killed, which ends its other jobs, too. */
  cancel(job: string): void {
    const working = this.#working.get(job)
    if (working === undefined || working.cancelled !== undefined) return
    this.#tell({ type: 'cancel', job })
    working.cancelled = setTimeout(() => this.kill('it did not obey a cancellation'), this.#limits.cancel)
  }

  /** Ends it, politely at first; resolves when it is gone. */
  async stop(): Promise<void> {
    this.#asked = true
    this.#channel.destroy()
    const timer = setTimeout(() => this.#signalGroup(), this.#limits.stop)
    await this.#gone.promise
    clearTimeout(timer)
  }

  kill(why: string): void {
    this.#why ||= why
    this.#crashed = false
    this.#signalGroup()
  }

  #signalGroup(): void {
    if (this.pid === undefined) return
    try {
      process.kill(-this.pid, 'SIGKILL')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
    }
  }

  async #listen(): Promise<void> {
    for await (const { payload } of readFrames(this.#channel)) {
      this.#missedBeats = 0
      this.#take(fromEngineSchema.parse(JSON.parse(payload.toString('utf8'))))
    }
  }

  #take(message: FromEngine): void {
    const { onEvent } = this.#options
    switch (message.type) {
      case 'beat':
        return onEvent({ type: 'memory', bytes: message.memory, gpu: message.gpu })
      case 'loaded':
        this.#loaded = true
        return onEvent(message)
      case 'loading':
        return onEvent(message)
      case 'load_failed':
        // It would answer none of its jobs any more.
        if (this.#loaded) return this.kill('it said of its loaded model that it could not load it')
        return onEvent(message)
      case 'line':
        return this.#working.get(message.job)?.say(message.line)
      case 'listening':
        return this.#working.get(message.job)?.listening()
      case 'done':
        this.#proved = true
        return this.#working.get(message.job)?.end(message)
      case 'failed':
        return this.#working.get(message.job)?.end(message)
    }
  }

  /** Counts its own seconds, so that a core that was stopped for a while does not take its engines for dead. */
  #missBeat(): void {
    const { loading, ready } = this.#limits.beats
    this.#missedBeats++
    if (this.#missedBeats <= (this.#loaded ? ready : loading)) return
    this.#why ||= `it gave no sign of life for ${this.#missedBeats} s`
    this.#signalGroup()
  }

  #tell(message: ToEngine): void {
    // A channel that has just closed is reported by the process's end, not here.
    if (this.#channel.writable) this.#channel.write(encodeJsonFrame(message))
  }

  #ended(code: number | null, signal: NodeJS.Signals | null): void {
    clearInterval(this.#watch)
    this.#channel.destroy()
    const how = signal ?? `exit code ${code}`
    const detail = [this.#why, `${how}, pid ${this.pid}`, ...lastLines(this.#stderr)]
      .filter(part => part !== '')
      .join(': ')
    this.#end = detail
    for (const working of this.#working.values()) working.end({ type: 'crashed', detail })
    this.#options.onEvent({
      type: 'exited',
      asked: this.#asked,
      crashed: this.#crashed && !this.#asked,
      detail,
    })
    this.#gone.resolve()
  }
}

function lastLines(text: string): string[] {
  const lines = text.split('\n').map(line => line.trimEnd().slice(0, 500))
  return lines.filter(line => line !== '').slice(-5)
}

const pythonHost = join(import.meta.dirname, '../python/courante_engine.py')

/** An engine in Python is read by our module, which knows the channel, and tells what is wrong with the engine's file. */
function commandOf(program: string): readonly [string, ...string[]] {
  return extname(program) === '.ts'
    ? [process.execPath, ...process.execArgv, program]
    : ['python3', '-u', pythonHost, program]
}
