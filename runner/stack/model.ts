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
  services: Record<string, Service>
  panes: Record<string, Pane>
  /** The services that the key R restarts. */
  restartKey: string[]
  /** Path of the console's tmux socket: its server is ended with the supervisor. */
  consoleSocket?: string
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
  port?: number
  pane: string
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
