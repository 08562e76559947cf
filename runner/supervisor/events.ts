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
  /** A one-shot task has done its work (exit code 0). */
  | { type: 'service_done'; service: string; afterMs: number }
  /** From now on a change under these paths restarts it. */
  | { type: 'service_watched'; service: string; paths: string[] }
  /** It is ended and started again without having been asked to by a person. */
  | { type: 'service_recycled'; service: string; why: Recycled }
  /** Everything is stopping, and this one has not ended yet; told once a second. */
  | { type: 'stop_waits'; service: string; pid: number; command: string; killInMs: number }
  /** It, or something in its group, did not end in time and was killed. */
  | { type: 'service_killed'; service: string; graceMs: number }
  | { type: 'restarting'; services: string[] }
  | { type: 'notice'; text: string }
  | { type: 'pulling' }
  | { type: 'pull_result'; result: PullResult }
  | { type: 'stopping' }
  /**
   * The last event. `renew`: `up` is to install what changed and start again. `exitCode`: of the service that `--exit-on`
   * named. `interrupted`: by Ctrl-C in a console.
   */
  | { type: 'stopped'; renew?: boolean; exitCode?: number; interrupted?: boolean }
  /**
   * Only for listeners that ask (GET /events?output=1), and always before any event that came after: which bytes of which
   * services' logs are new since the last one, in the order in which they came, at most every 16 ms. Read with LogReader.
   */
  | { type: 'output'; pieces: OutputPiece[] }

export interface OutputPiece {
  service: string
  /** Logical offsets of the service's log (log-reader.ts). */
  start: number
  end: number
}

export type Recycled =
  | { reason: 'not_alive'; failures: number; waitedFor: string }
  | { reason: 'memory'; bytes: number; limit: number }
  | { reason: 'files_changed'; files: string[] }

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
      /** What `up` installs changed: our own packages, or a Python requirements file. */
      installs: boolean
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
  | 'offline'
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
  /** Logical offset of its log where this run began. */
  logStart: number
  waitingFor?: string[]
  restartInMs?: number
  /** How its last process ended, when none runs now. */
  lastEnd?: { code: number; signal?: string }
  /** Why it could not be started, when none runs now. */
  notStarted?: NotStarted
  /** Of all its processes, only where the question asked for it (GET /status?usage=1). `cpu`: 1 is one core, since the last question. */
  usage?: { cpu: number; memory: number; processes: number }
}
