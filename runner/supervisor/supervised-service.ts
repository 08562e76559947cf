import type { Service, Stack } from '../stack/model.ts'
import type { EventBody, NotStarted, ServiceStatus } from './events.ts'
import type { Guard } from './guard.ts'
import type { LogFile } from './log-file.ts'
import { readyInWords } from './messages.ts'
import { untilPortFree } from './ports.ts'
import { untilReady } from './readiness.ts'
import { ServiceProcess } from './service-process.ts'
import { deadlineOf, transition, type Action, type Input, type State } from './service.ts'
import { serviceEnv, type Spawn } from './spawn.ts'

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

  status(): ServiceStatus {
    const state = this.#state
    return {
      name: this.name,
      state: state.type,
      ...(this.pid === undefined ? {} : { pid: this.pid }),
      ...('since' in state && this.pid !== undefined ? { uptimeMs: Date.now() - state.since } : {}),
      restarts: Math.max(0, this.#spawns - 1),
      ...(this.service.port === undefined ? {} : { port: this.service.port }),
      pane: this.service.pane,
      ...(state.type === 'backoff' ? { restartInMs: Math.max(0, state.until - Date.now()) } : {}),
    }
  }

  handle(input: Input): void {
    const before = this.#state
    const { state, actions } = transition(before, input, Date.now(), this.service)
    this.#state = state
    this.#setTimer()
    if (state.type !== before.type || ('pid' in state && !('pid' in before))) this.#around.changed(this)
    for (const action of actions) this.#carryOut(action)
  }

  #setTimer(): void {
    clearTimeout(this.#timer)
    const deadline = deadlineOf(this.#state, this.service)
    if (deadline === undefined) return
    this.#timer = setTimeout(() => this.handle({ type: 'deadline' }), Math.max(0, deadline - Date.now()))
  }

  #carryOut(action: Action): void {
    const { name: service, service: settings } = this
    const { emit } = this.#around
    switch (action.type) {
      case 'spawn':
        this.#spawning = new AbortController()
        void this.#spawn(this.#spawning.signal)
        return
      case 'probe':
        this.#probing = new AbortController()
        void this.#probe(this.#probing.signal)
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
      this.handle({ type: 'not_spawned', again: true })
      return
    }
    this.#spawns += 1
    this.#logStart = this.log.size
    const spawned = this.#around.spawn(stack, this.name, env, chunk => this.#output(chunk))
    if ('reason' in spawned) {
      this.#notSpawned(spawned)
      return
    }
    guard.add(spawned.pid)
    const marks = [`COURANTE_RUN=${stack.run}`, `COURANTE_SERVICE=${this.name}`]
    this.#process = new ServiceProcess(spawned, marks)
    this.handle({ type: 'spawned', pid: spawned.pid })
    const { code, signal: by } = await this.#process.ended
    guard.del(spawned.pid)
    this.#process = undefined
    this.handle({ type: 'exited', code, signal: by })
  }

  #notSpawned(why: NotStarted): void {
    this.#why = why
    this.handle({ type: 'not_spawned', again: why.reason === 'port_busy' || why.reason === 'system' })
  }

  #output(chunk: Buffer): void {
    this.log.append(chunk)
    for (const listener of this.#outputListeners) listener(chunk)
  }

  async #probe(signal: AbortSignal): Promise<void> {
    const ready = await untilReady(
      this.service.ready,
      {
        cwd: this.service.cwd,
        env: serviceEnv(this.#around.stack, this.name, this.#around.env),
        onOutput: listener => {
          this.#outputListeners.add(listener)
          return () => this.#outputListeners.delete(listener)
        },
      },
      signal,
    )
    if (ready && !signal.aborted) this.handle({ type: 'ready' })
  }
}
