import { relative } from 'node:path'
import type { Service, Stack } from '../stack/model.ts'
import type { EventBody, NotStarted, ServiceStatus } from './events.ts'
import type { Guard } from '../../lib/guard.ts'
import type { LogFile } from './log-file.ts'
import { notices, readyInWords } from './messages.ts'
import { untilPortFree } from './ports.ts'
import { untilIll } from './health.ts'
import { untilReady, type Probed } from './readiness.ts'
import { ServiceProcess } from './service-process.ts'
import { deadlineOf, transition, type Action, type Input, type State } from './service.ts'
import { serviceEnv, type Size, type Spawn } from './spawn.ts'
import { codeStamp } from './code-stamp.ts'
import { watchFiles } from './file-watch.ts'
import { UsageMeter, type Usage } from './usage.ts'

export interface Surroundings {
  readonly stack: Stack
  readonly env: Readonly<Record<string, string | undefined>>
  readonly spawn: Spawn
  readonly guard: Guard
  readonly emit: (event: EventBody) => void
  /** Called after every change of a service's state. */
  readonly changed: (service: SupervisedService) => void
}

/** Carries out for one service what its state machine decides, and feeds it what happens. */
export class SupervisedService {
  readonly name: string
  readonly service: Service
  readonly log: LogFile
  readonly #around: Surroundings
  #state: State = { type: 'idle' }
  #spawns = 0
  #process: ServiceProcess | undefined
  #spawning: AbortController | undefined
  #probing: AbortController | undefined
  #timer: NodeJS.Timeout | undefined
  #outputListeners = new Set<(chunk: Buffer) => void>()
  #logStart = 0
  #why: NotStarted | undefined
  #lastEnd: { code: number; signal?: string } | undefined
  #size: Size = { columns: 100, rows: 30 }
  #codeStamp: Promise<string> | undefined
  #unwatch: Promise<() => void> | undefined
  #stopWaits: NodeJS.Timeout | undefined

  constructor(name: string, service: Service, log: LogFile, around: Surroundings) {
    this.name = name
    this.service = service
    this.log = log
    this.#around = around
  }

  get state(): State {
    return this.#state
  }

  get pid(): number | undefined {
    return 'pid' in this.#state ? this.#state.pid : undefined
  }

  /** How its last process ended. */
  get lastEnd(): { code: number; signal?: string } | undefined {
    return this.#lastEnd
  }

  status(usage?: Usage): ServiceStatus {
    const state = this.#state
    return {
      name: this.name,
      state: state.type,
      ...(this.pid === undefined ? {} : { pid: this.pid }),
      ...('since' in state && this.pid !== undefined ? { uptimeMs: Date.now() - state.since } : {}),
      restarts: Math.max(0, this.#spawns - 1),
      ...(this.service.port === undefined ? {} : { port: this.service.port }),
      pane: this.service.pane,
      logStart: this.log.runStart,
      ...(this.#lastEnd === undefined || this.pid !== undefined ? {} : { lastEnd: this.#lastEnd }),
      ...(this.#why === undefined || this.pid !== undefined ? {} : { notStarted: this.#why }),
      ...(usage === undefined ? {} : { usage }),
      ...(state.type === 'backoff' ? { restartInMs: Math.max(0, state.until - Date.now()) } : {}),
    }
  }

  /** Whether a file that it runs has changed since its process was started. */
  async isCodeChanged(): Promise<boolean> {
    if (this.#codeStamp === undefined) return false
    return (await this.#codeStamp) !== (await codeStamp(this.service.code))
  }

  /** Types into its terminal; false when nothing runs that could read it. */
  write(bytes: string): boolean {
    this.#process?.write(bytes)
    return this.#process !== undefined
  }

  /** For its terminal now and for the next ones. */
  resize(size: Size): void {
    this.#size = size
    this.#process?.resize(size.columns, size.rows)
  }

  /** Restarts it when its files change, until the function that this resolves to is called. */
  watch(): void {
    const { watch } = this.service
    if (watch === undefined || this.#unwatch !== undefined) return
    const { emit, stack } = this.#around
    const onChange = (files: string[]): void => {
      const before = this.#state
      this.handle({ type: 'recycle', ill: false })
      if (this.#state === before) return
      emit({ type: 'service_recycled', service: this.name, why: { reason: 'files_changed', files } })
    }
    const onTrouble = (detail: string): void =>
      emit({ type: 'notice', text: notices.watchTrouble(this.name, detail) })
    this.#unwatch = watchFiles(watch, stack.dir, onChange, onTrouble).then(
      unwatch => {
        const paths = watch.paths.map(path => relative(stack.dir, path) || '.')
        emit({ type: 'service_watched', service: this.name, paths })
        return unwatch
      },
      (error: Error) => {
        onTrouble(error.message)
        return () => undefined
      },
    )
  }

  async unwatch(): Promise<void> {
    ;(await this.#unwatch)?.()
  }

  handle(input: Input): void {
    const before = this.#state
    const { state, actions } = transition(before, input, Date.now(), this.service)
    this.#state = state
    this.#setTimer()
    if ((state.type === 'stopping') !== (before.type === 'stopping')) this.#tellStopWaits()
    if (state.type !== before.type || ('pid' in state && !('pid' in before))) this.#around.changed(this)
    for (const action of actions) this.#carryOut(action)
  }

  #setTimer(): void {
    clearTimeout(this.#timer)
    const deadline = deadlineOf(this.#state, this.service)
    if (deadline === undefined) return
    this.#timer = setTimeout(() => this.handle({ type: 'deadline' }), Math.max(0, deadline - Date.now()))
  }

  /** Nobody should have to guess what a stop is waiting for. */
  #tellStopWaits(): void {
    clearInterval(this.#stopWaits)
    if (this.#state.type !== 'stopping') return
    const killAt = Date.now() + this.service.stopGraceMs
    this.#stopWaits = setInterval(() => {
      const left = this.#process?.left()
      if (left === undefined) return
      const killInMs = Math.max(0, killAt - Date.now())
      this.#around.emit({ type: 'stop_waits', service: this.name, ...left, killInMs })
    }, 1000)
  }

  #carryOut(action: Action): void {
    const { name: service, service: settings } = this
    const { emit } = this.#around
    switch (action.type) {
      case 'spawn':
        this.#spawning = new AbortController()
        this.#spawn(this.#spawning.signal).catch(error => this.#fault(error))
        return
      case 'probe':
        this.#probing = new AbortController()
        this.#probe(this.#probing.signal).catch(error => this.#fault(error))
        return
      case 'attend':
        this.#probing = new AbortController()
        this.#attend(this.#probing.signal).catch(error => this.#fault(error))
        return
      case 'stop_probing':
        this.#probing?.abort()
        return
      case 'terminate':
        this.#spawning?.abort()
        this.#process?.terminate(settings.stopSignal, settings.stopGraceMs, () =>
          emit({ type: 'service_killed', service, graceMs: settings.stopGraceMs }),
        )
        return
      case 'kill':
        this.#spawning?.abort()
        this.#process?.kill()
        return
      case 'report_ready':
        emit({ type: 'service_ready', service, afterMs: action.afterMs })
        return
      case 'report_done':
        emit({ type: 'service_done', service, afterMs: action.afterMs })
        return
      case 'report_unready':
        emit({
          type: 'service_unready',
          service,
          afterMs: action.afterMs,
          waitedFor: readyInWords(settings.ready),
        })
        return
      case 'report_exit': {
        const { type: _, signal, ...facts } = action
        const lastLines = this.log.lastLines(this.#logStart, 5)
        const end = signal === undefined ? {} : { signal }
        emit({ type: 'service_exited', service, ...facts, ...end, lastLines })
        return
      }
      case 'report_not_spawned': {
        const { type: _, ...facts } = action
        if (this.#why !== undefined) emit({ type: 'service_not_started', service, why: this.#why, ...facts })
        return
      }
    }
  }

  async #spawn(signal: AbortSignal): Promise<void> {
    const { stack, env, guard } = this.#around
    const { port } = this.service
    // Before the first start, `up` has looked already; later, the one before may still be letting go of it.
    if (port !== undefined && this.#spawns > 0) {
      const holder = await untilPortFree(port, 5000, signal)
      if (holder !== undefined && !signal.aborted) {
        this.#notSpawned({ reason: 'port_busy', port, holder })
        return
      }
    }
    if (signal.aborted) {
      this.handle({ type: 'not_spawned', again: true, luck: Math.random() })
      return
    }
    if (this.service.code.length > 0) this.#codeStamp = codeStamp(this.service.code)
    this.#spawns += 1
    this.log.endLine()
    this.#logStart = this.log.size
    const spawned = this.#around.spawn(stack, this.name, env, this.#size, chunk => this.#output(chunk))
    if ('reason' in spawned) {
      this.#notSpawned(spawned)
      return
    }
    this.#why = undefined
    guard.add(spawned.pid)
    const marks = [`COURANTE_RUN=${stack.run}`, `COURANTE_SERVICE=${this.name}`]
    this.#process = new ServiceProcess(spawned, marks)
    this.handle({ type: 'spawned', pid: spawned.pid })
    const { code, signal: by } = await this.#process.ended
    guard.del(spawned.pid)
    this.#process = undefined
    this.#lastEnd = { code, ...(by === undefined ? {} : { signal: by }) }
    this.handle({ type: 'exited', code, signal: by, luck: Math.random() })
  }

  /** A fault of ours with one service must not take the others down. */
  #fault(error: unknown): void {
    this.#around.emit({ type: 'notice', text: notices.serviceTrouble(this.name, String(error)) })
  }

  #notSpawned(why: NotStarted): void {
    this.#why = why
    const again = why.reason === 'port_busy' || why.reason === 'system'
    this.handle({ type: 'not_spawned', again, luck: Math.random() })
  }

  #output(chunk: Buffer): void {
    this.log.append(chunk)
    for (const listener of this.#outputListeners) listener(chunk)
  }

  async #probe(signal: AbortSignal): Promise<void> {
    const ready = await untilReady(this.service.ready, this.#probed(), signal)
    if (ready && !signal.aborted) this.handle({ type: 'ready' })
  }

  async #attend(signal: AbortSignal): Promise<void> {
    const { liveness, memoryLimit } = this.service
    if (liveness === undefined && memoryLimit === undefined) return
    const memory = (): number | undefined => {
      const { pid } = this
      return pid === undefined ? undefined : new UsageMeter().measure([pid]).get(pid)?.memory
    }
    const why = await untilIll(this.service, this.#probed(), memory, signal)
    if (why === undefined || signal.aborted) return
    this.#around.emit({ type: 'service_recycled', service: this.name, why })
    this.handle({ type: 'recycle', ill: true })
  }

  #probed(): Probed {
    return {
      cwd: this.service.cwd,
      env: serviceEnv(this.#around.stack, this.name, this.#around.env),
      onOutput: listener => {
        this.#outputListeners.add(listener)
        return () => this.#outputListeners.delete(listener)
      },
    }
  }
}
