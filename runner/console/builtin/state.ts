import type { Stack } from '../../stack/model.ts'
import type { ServiceStatus } from '../../supervisor/events.ts'

/** All that the built-in console knows, beside the bytes of the logs. Changed by `update` alone, drawn by `draw/`. */
export interface State {
  readonly columns: number
  readonly rows: number
  readonly name: string
  /** It started the run; one that only joined leaves with Ctrl-C. */
  readonly owner: boolean
  /** Of the page, if the stack names one. */
  readonly address: string | undefined
  /** The transcript if there is one, the panes of the stack, and last the merged log of all services. */
  readonly panes: readonly PaneState[]
  readonly services: readonly ServiceState[]
  /** Index of the pane that the keys are for. */
  readonly focus: number
  readonly zoomed: boolean
  readonly merged: boolean
  readonly dashboard: Dashboard | undefined
  readonly mode: Mode
  readonly message: Message | undefined
  readonly run: 'starting' | 'running' | 'stopping' | 'stopped'
  /** Who keeps everyone waiting while the run stops. */
  readonly waits: readonly StopWait[]
  /** Epoch milliseconds; what counts down is drawn against it. */
  readonly now: number
  /** Whether the terminal's background is light, once it has said so. */
  readonly light: boolean | undefined
}

export interface PaneState {
  readonly kind: 'transcript' | 'services' | 'merged'
  readonly title: string
  readonly services: readonly string[]
  /** A regular expression's source, with `level:warn` and the like; empty: everything is shown. */
  readonly filter: string
  readonly search: string
  readonly wrap: boolean
  readonly times: boolean
  readonly position: Position
  readonly found: Found | undefined
}

/** Where a pane stands in its log, as its content tells. */
export interface Position {
  /** Shows the end and goes along with it. */
  readonly following: boolean
  /** Lines that came since it was scrolled. */
  readonly fresh: number
}

export interface Found {
  /** Counted from the newest match; undefined while nothing was found (yet). */
  readonly nth: number | undefined
  readonly total: number
  /** The search is still under way. */
  readonly searching: boolean
}

export interface ServiceState {
  readonly name: string
  readonly state: ServiceStatus['state']
  readonly pid?: number
  readonly port?: number
  readonly waitingFor?: readonly string[]
  /** Epoch milliseconds at which its back-off ends. */
  readonly restartAt?: number
}

/** Every way in which keys are taken. */
export type Mode =
  | { readonly type: 'normal' }
  | { readonly type: 'help'; readonly top: number }
  | { readonly type: 'prompt'; readonly kind: 'search' | 'filter'; readonly text: string }
  /** Positions are columns and rows within the pane. */
  | { readonly type: 'copy'; readonly pane: number; readonly at: Cell; readonly anchor: Cell | undefined }
  | { readonly type: 'drag'; readonly pane: number; readonly at: Cell; readonly anchor: Cell }
  | { readonly type: 'input'; readonly service: string }
  | {
      readonly type: 'pick'
      readonly purpose: 'restart' | 'input'
      readonly services: readonly string[]
      readonly chosen: number
    }

export interface Cell {
  readonly x: number
  readonly y: number
}

export interface Message {
  readonly text: string
  readonly tone: 'plain' | 'good' | 'warn' | 'bad'
  /** Epoch milliseconds after which it goes. */
  readonly until: number
}

export interface StopWait {
  readonly service: string
  readonly pid: number
  readonly killAt: number
}

export interface Dashboard {
  readonly services: readonly ServiceStatus[]
  /** CPU (1: one core) and memory (bytes) of each service, the newest last. */
  readonly history: Readonly<Record<string, readonly Usage[]>>
  readonly facts: Facts | undefined
  readonly top: number
}

export interface Usage {
  readonly cpu: number
  readonly memory: number
}

/** What stands in the home of what the services do; only what is there. */
export interface Facts {
  readonly models: readonly { readonly name: string; readonly state: string; readonly memory: number }[]
  readonly queues: readonly { readonly name: string; readonly waiting: number; readonly live: number }[]
}

export function initialState(options: {
  readonly stack: Pick<Stack, 'name' | 'panes' | 'services'>
  readonly transcript: boolean
  readonly address: string | undefined
  readonly owner: boolean
  readonly columns: number
  readonly rows: number
  readonly now: number
}): State {
  const { stack, transcript, address, owner, columns, rows, now } = options
  const all = Object.keys(stack.services)
  const panes = [
    ...(transcript ? [pane('transcript', 'transcript', [])] : []),
    ...Object.values(stack.panes).map(({ title, services }) => pane('services', title, services)),
    pane('merged', 'all services', all),
  ]
  return {
    columns,
    rows,
    name: stack.name,
    address,
    owner,
    panes,
    services: all.map(name => {
      const port = stack.services[name]?.port
      return { name, state: 'idle', ...(port === undefined ? {} : { port }) }
    }),
    // What R restarts usually stands in the first pane of the stack.
    focus: Math.max(
      0,
      panes.findIndex(({ kind }) => kind === 'services'),
    ),
    zoomed: false,
    merged: false,
    dashboard: undefined,
    mode: { type: 'normal' },
    message: undefined,
    run: 'starting',
    waits: [],
    now,
    light: undefined,
  }
}

/** The panes that have a place on the screen, in the order of the keys 1 2 3. */
export function shownPanes({ panes, merged }: Pick<State, 'panes' | 'merged'>): number[] {
  const indices = [...panes.keys()]
  const top = hasTop({ panes }) ? [0] : []
  return merged ? [...top, panes.length - 1] : indices.slice(0, -1)
}

/** Whether the first pane is the transcript. */
export function hasTop({ panes }: Pick<State, 'panes'>): boolean {
  return panes[0]?.kind === 'transcript'
}

/** Whether a pane shows its programs' terminal itself, and not lines of the past. */
export function isLive({ kind, position, filter, search, wrap, times }: PaneState): boolean {
  return kind === 'services' && position.following && filter === '' && search === '' && wrap && !times
}

function pane(kind: PaneState['kind'], title: string, services: readonly string[]): PaneState {
  return {
    kind,
    title,
    services,
    filter: '',
    search: '',
    wrap: true,
    times: false,
    position: { following: true, fresh: 0 },
    found: undefined,
  }
}
