/** A stack file, resolved: every default filled in, every path absolute. What `up` hands to the supervisor. */
export interface Stack {
  name: string
  /** The path of stack.yaml. */
  file: string
  /** Working directory of its services, where they name none. */
  dir: string
  home: string
  sockets: string
  models: string
  /** Id of this run: inherited by every process of it, printed nowhere. */
  run: string
  /** What `up` was told to start; empty: everything. */
  profiles: string[]
  services: Record<string, Service>
  panes: Record<string, Pane>
  /** The services that the key R restarts. */
  restartKey: string[]
  /** Path of the console's tmux socket: its server is ended with the supervisor. */
  consoleSocket?: string
  logs: LogLimits
  /** Whether each pane's services are also written together into `logs/<pane>.pane.log`, for tmux to follow. */
  paneLogs: boolean
  /** The run ends with this service, and `up` takes over its exit code. */
  exitOn?: string
}

/** How much of the past is kept on disk. */
export interface LogLimits {
  /** Bytes of one file before the next one is begun. */
  maxFile: number
  /** Bytes of all log files of the home together, the oldest go first. */
  maxTotal: number
  maxAgeMs: number
}

export interface Service {
  /** A program and its arguments, or a line for `sh -c`. */
  command: string[] | string
  cwd: string
  env: Record<string, string>
  dependsOn: string[]
  ready: Ready
  readyTimeoutMs: number
  stopSignal: 'SIGTERM' | 'SIGINT' | 'SIGQUIT' | 'SIGHUP'
  stopGraceMs: number
  restart: 'always' | 'on-failure' | 'never'
  /** After so many failures in a row it stays down; 0: never. */
  maxFailures: number
  port?: number
  pane: string
  /** Runs to its end instead of staying up: its dependents wait until it has exited with 0. */
  oneshot: boolean
  liveness?: Liveness
  /** Bytes of all its processes together; above that it is restarted. */
  memoryLimit?: number
  watch?: Watch
  /** Files and folders that it runs: the key R restarts it if one has changed since its start. */
  code: string[]
}

/** Asked again and again while it is ready; `failures` bad answers in a row restart it. */
export interface Liveness {
  probe: Exclude<Ready, { type: 'started' | 'log' }>
  everyMs: number
  failures: number
}

/** A change under one of these absolute paths restarts the service, `debounceMs` after the last one. */
export interface Watch {
  paths: string[]
  /** Names of files and folders that do not count, such as `node_modules`. */
  ignore: string[]
  debounceMs: number
}

/** What must be seen before a service counts as ready. `pattern` is the source of a regular expression, tried on each line. */
export type Ready =
  | { type: 'started' }
  | { type: 'log'; pattern: string }
  | { type: 'tcp'; port: number; host: string }
  | { type: 'http'; url: string }
  | { type: 'exec'; command: string }

export interface Pane {
  title: string
  services: string[]
}
