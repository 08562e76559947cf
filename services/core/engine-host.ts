import { type ChildProcess, fork } from 'node:child_process'
import { createInterface } from 'node:readline'
import { restartDelayMs } from './back-off.ts'
import {
  type EngineAnswer,
  type EngineSpec,
  type FromEngine,
  fromEngineSchema,
  type ToEngine,
} from './engine.ts'

/**
 * The life of an engine's child process:
 *
 *     waiting ──(back-off over)──▶ loading ──▶ ready
 *        ▲                          │  ▲ │       │
 *        └───────(it died)──────────┘  │ └▶ missing (no model files; the next job asks again)
 *        └───────(it died)─────────────┼─────────┘
 *     any ──(core stops)──▶ stopped    └── missing
 */
export type EngineState =
  | { name: 'loading'; child: ChildProcess }
  | { name: 'ready'; child: ChildProcess; loadedMs: number; readyAt: number }
  | { name: 'missing'; child: ChildProcess; files: readonly string[] }
  | { name: 'waiting'; timer: NodeJS.Timeout; delayMs: number; detail: string }
  | { name: 'stopped' }

/** How a job ended: by the engine's answer, or because there was no engine to give one. */
export type JobEnd =
  | EngineAnswer
  | { type: 'crashed'; detail: string }
  | { type: 'missing' }
  | { type: 'stopped' }

type JobMessage = Extract<ToEngine, { type: 'transcribe' | 'session' }>

export interface HostOptions {
  readonly spec: EngineSpec
  readonly models: string
  readonly threads: number
  readonly log: (line: string) => void
  /** Called at each change of state or memory. */
  readonly onChange: (state: EngineState, rss: number) => void
}

/**
 * Keeps one engine child alive and gives it jobs. The child is in core's process group, and ends by itself when the
 * channel to core closes.
 */
export class EngineHost {
  readonly #options: HostOptions
  #state: EngineState
  #rss = 0
  #crashes = 0
  #stderr: string[] = []
  #toldMissing = false
  readonly #jobs = new Map<string, { end: (end: JobEnd) => void; onListening: () => void }>()
  readonly #settled = new Set<() => void>()

  /** Starts to load at once. */
  constructor(options: HostOptions) {
    this.#options = options
    this.#state = { name: 'loading', child: this.#fork() }
    options.onChange(this.#state, 0)
  }

  /** Gives the engine a job when it is ready. Resolves in every case. `signal` ends the job early. */
  async run(message: JobMessage, signal: AbortSignal, onListening: () => void = () => {}): Promise<JobEnd> {
    const child = await this.#ensureReady(signal)
    if ('type' in child) return child
    const { promise, resolve } = Promise.withResolvers<JobEnd>()
    const cancel = () => send(child.process, { type: 'cancel', job: message.job })
    this.#jobs.set(message.job, { end: resolve, onListening })
    send(child.process, message)
    signal.addEventListener('abort', cancel)
    try {
      return await promise
    } finally {
      signal.removeEventListener('abort', cancel)
      this.#jobs.delete(message.job)
    }
  }

  async stop(): Promise<void> {
    const before = this.#state
    this.#become({ name: 'stopped' })
    if (before.name === 'waiting') clearTimeout(before.timer)
    if (!('child' in before) || before.child.exitCode !== null || before.child.signalCode !== null) return
    const gone = new Promise<void>(resolve => before.child.once('exit', () => resolve()))
    // It may be in the middle of a decoding, which takes less than this.
    const timer = setTimeout(() => before.child.kill('SIGKILL'), 1000)
    if (before.child.connected) before.child.disconnect()
    await gone
    clearTimeout(timer)
  }

  async #ensureReady(signal: AbortSignal): Promise<{ process: ChildProcess } | JobEnd> {
    // The files may have come since the last look.
    if (this.#state.name === 'missing') this.#load(this.#state.child)
    for (;;) {
      if (signal.aborted) return { type: 'failed', job: '', failure: { reason: 'cancelled' } }
      const before = this.#state
      if (before.name === 'ready') return { process: before.child }
      if (before.name === 'missing' || before.name === 'stopped') return { type: before.name }
      await this.#change(signal)
      const after: EngineState = this.#state
      if (before.name === 'loading' && after.name === 'waiting') {
        return { type: 'crashed', detail: after.detail }
      }
    }
  }

  #change(signal: AbortSignal): Promise<void> {
    return new Promise(resolve => {
      const done = () => {
        this.#settled.delete(done)
        signal.removeEventListener('abort', done)
        resolve()
      }
      this.#settled.add(done)
      signal.addEventListener('abort', done)
    })
  }

  #become(state: EngineState): void {
    this.#state = state
    this.#options.onChange(state, this.#rss)
    for (const done of this.#settled) done()
  }

  #load(child: ChildProcess): void {
    this.#become({ name: 'loading', child })
    send(child, { type: 'load', models: this.#options.models, threads: this.#options.threads })
  }

  #fork(): ChildProcess {
    const { spec, models, threads } = this.#options
    const child = fork(spec.program, [], { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] })
    this.#stderr = []
    if (child.stderr !== null) {
      createInterface({ input: child.stderr }).on('line', line => {
        this.#stderr = [...this.#stderr, line].slice(-3)
      })
    }
    child.on('message', message => this.#take(child, fromEngineSchema.parse(message)))
    child.on('error', error => this.#ended(child, `it can't be started: ${error.message}`))
    // `close` and not `exit`: by then its last words are here.
    child.on('close', (code, signal) => {
      const how = signal === null ? `exit code ${code}` : signal
      this.#ended(child, [`${how}, pid ${child.pid}`, ...this.#stderr].join(': '))
    })
    send(child, { type: 'load', models, threads })
    return child
  }

  #take(child: ChildProcess, message: FromEngine): void {
    const { spec, log, onChange } = this.#options
    switch (message.type) {
      case 'loaded':
        this.#toldMissing = false
        log(`${spec.name}  ${spec.model} loaded in ${message.ms} ms`)
        return this.#become({ name: 'ready', child, loadedMs: message.ms, readyAt: performance.now() })
      case 'missing':
        if (!this.#toldMissing) log(`${spec.name}  ${spec.model} is not installed: no ${message.files[0]}`)
        this.#toldMissing = true
        return this.#become({ name: 'missing', child, files: message.files })
      case 'memory':
        this.#rss = message.rss
        return onChange(this.#state, this.#rss)
      case 'listening':
        return this.#jobs.get(message.job)?.onListening()
      default:
        return this.#jobs.get(message.job)?.end(message)
    }
  }

  #ended(child: ChildProcess, detail: string): void {
    const state = this.#state
    if (!('child' in state) || state.child !== child) {
      for (const job of this.#jobs.values()) job.end({ type: 'stopped' })
      return
    }
    const healthyMs = state.name === 'ready' ? performance.now() - state.readyAt : 0
    this.#crashes = healthyMs > 60_000 ? 1 : this.#crashes + 1
    const delayMs = restartDelayMs(this.#crashes)
    this.#rss = 0
    this.#options.log(`${this.#options.spec.name}  engine ended (${detail}); starts again in ${delayMs} ms`)
    const timer = setTimeout(() => this.#become({ name: 'loading', child: this.#fork() }), delayMs)
    this.#become({ name: 'waiting', timer, delayMs, detail })
    for (const job of this.#jobs.values()) job.end({ type: 'crashed', detail })
  }
}

/** A channel that has just closed is reported by the child's end, not here. */
function send(child: ChildProcess, message: ToEngine): void {
  if (child.connected) child.send(message, () => undefined)
}
