import type { State } from './service.ts'

/** Everything that happens in a run, in the order in which it happened; consoles, logs and commands only render it. */
export type SupervisorEvent = { at: number } & EventBody

export type EventBody =
  /** What a new listener gets first: how things stand, and the latest events before it came. */
  | { type: 'hello'; status: Status; recent: SupervisorEvent[] }
  | { type: 'service_state'; service: string; state: State['type']; pid?: number; waitingFor?: string[] }
  | { type: 'service_ready'; service: string; afterMs: number }
  /** It was not ready in time; it is stopped and tried again. `waitedFor` is in words. */
  | { type: 'service_unready'; service: string; afterMs: number; waitedFor: string }
  | {
      type: 'service_exited'
      service: string
      code: number
      signal?: string
      afterMs: number
      /** Its last words: at most five lines, none empty, without colours. */
      lastLines: string[]
      restartInMs?: number
    }
  | { type: 'service_not_started'; service: string; why: NotStarted; restartInMs?: number }
  /** It, or something in its group, did not end in time and was killed. */
  | { type: 'service_killed'; service: string; graceMs: number }
  | { type: 'restarting'; services: string[] }
  | { type: 'notice'; text: string }
  | { type: 'pulling' }
  | { type: 'pull_result'; result: PullResult }
  | { type: 'stopping' }
  | { type: 'stopped' }

export type NotStarted =
  | { reason: 'no_program'; program: string }
  | { reason: 'no_folder'; folder: string }
  | { reason: 'port_busy'; port: number; holder: PortHolder }
  | { reason: 'system'; detail: string }

/** Who listens on a port; `unknown` when it belongs to another user. */
export type PortHolder = { pid: number; command: string } | 'unknown'

export type PullResult =
  | {
      ok: true
      /** False when there was nothing new. */
      updated: boolean
      before: string
      after: string
      short: string
      /** The commit's date, `YYYY-MM-DD HH:MM`, local time. */
      date: string
      subject: string
      filesChanged: number
      lockfileChanged: boolean
      runnerChanged: boolean
    }
  | { ok: false; reason: PullRefusal; detail: string; files: string[] }

export type PullRefusal =
  | 'no_git'
  | 'no_checkout'
  | 'detached'
  | 'no_upstream'
  | 'dirty'
  | 'in_the_way'
  | 'diverged'
  | 'unreachable'
  | 'failed'

export interface Status {
  stack: string
  file: string
  home: string
  /** The supervisor's pid. */
  supervisor: number
  uptimeMs: number
  stopping: boolean
  /** All services are ready. */
  ready: boolean
  restartKey: string[]
  services: ServiceStatus[]
}

export interface ServiceStatus {
  name: string
  state: State['type']
  pid?: number
  /** Since its process was started. */
  uptimeMs?: number
  /** How often it was started again in this run. */
  restarts: number
  port?: number
  pane: string
  waitingFor?: string[]
  restartInMs?: number
}

/** Hands each event to every listener at once. A listener must not throw. */
export class EventHub {
  #listeners = new Set<(event: SupervisorEvent) => void>()
  #recent: SupervisorEvent[] = []

  /** The latest 100 at most, the oldest first. */
  get recent(): readonly SupervisorEvent[] {
    return this.#recent
  }

  emit(body: EventBody): void {
    const event = { at: Date.now(), ...body }
    this.#recent.push(event)
    if (this.#recent.length > 100) this.#recent.shift()
    for (const listener of this.#listeners) listener(event)
  }

  /** Returns the function that ends the subscription. */
  subscribe(listener: (event: SupervisorEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
}
