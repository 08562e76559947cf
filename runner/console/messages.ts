import type { SupervisorEvent } from '../supervisor/events.ts'

/** Every word of the consoles for people, beside those that the supervisor has for what happens. */
export const words = {
  starting: 'starting …',
  stopping: 'stopping …',
  pulling: 'pulling …',
  waitsFor: (service: string, pid: number, killInMs: number): string =>
    `waiting for ${service} (pid ${pid}), killed in ${secondsLeft(killInMs)}`,
  waitsForMore: (services: number): string => `and ${services} more`,
  again: (ms: number): string => `again in ${secondsLeft(ms)}`,
  waiting: 'waits',
  failed: 'failed',
  restarting: (service: string): string => `restarting ${service} …`,
  fresh: (lines: number): string => `${lines} new`,
  scrolled: 'scrolled',
  found: (nth: number, total: number, searching: boolean): string =>
    `${nth} of ${searching ? 'many' : total}`,
  searching: 'searching …',
  noMatch: 'no match',
  filtered: (filter: string): string => `filter ${filter}`,
  searched: (search: string): string => `/${search}`,
  noWrap: 'no wrap',
  times: 'times',
  zoomed: 'zoomed',
  copying: 'copy',
  typing: (service: string): string => `typing to ${service}`,
  copied: (lines: number): string => `copied ${lines === 1 ? '1 line' : `${lines} lines`}`,
  nothingToCopy: 'nothing to copy there',
  opening: (address: string): string => `opening ${address}`,
  noAddress: 'this stack names no page to open (console: open)',
  noService: 'no service stands in this pane',
  tooSmall: (columns: number, rows: number): string => `needs ${columns}x${rows}`,
  pickRestart: 'Restart which?',
  pickInput: 'Type to which?',
  noLevel: (name: string): string => `no level "${name}": error, warn, info, debug`,
  total: 'sum',
  models: 'models',
  queues: 'queues',
  queue: (name: string, waiting: number, live: number): string =>
    `${name} ${waiting} waiting${live === 0 ? '' : `, ${live} live`}`,
  dashboard: 'dashboard',
} as const

/** What stands in the last line for each way in which keys are taken: key and word, the most needed first. */
export const hints = {
  normal: [
    ['Q', 'quit'],
    ['R', 'restart'],
    ['P', 'pull'],
    ['?', 'keys'],
  ],
  joined: [
    ['Q', 'quit'],
    ['R', 'restart'],
    ['P', 'pull'],
    ['?', 'keys'],
    ['Ctrl-C', 'leave'],
  ],
  stopping: [['Q', 'again: kill now']],
  help: [['any key', 'closes']],
  copy: [
    ['Space', 'select'],
    ['Enter', 'copy'],
    ['Esc', 'leave'],
  ],
  drag: [['release', 'copies']],
  input: [['Esc', 'ends']],
  pick: [
    ['Enter', 'take'],
    ['Esc', 'leave'],
  ],
  search: [
    ['Enter', 'keep'],
    ['Esc', 'leave'],
  ],
  filter: [
    ['Enter', 'keep'],
    ['Esc', 'as before'],
  ],
  found: [
    ['n', 'older'],
    ['N', 'newer'],
    ['Esc', 'leave'],
  ],
} as const satisfies Record<string, readonly (readonly [string, string])[]>

/** The keys, for `?`; the same table stands in docs/console.md. */
export const help: readonly (readonly [string, string])[] = [
  ['Q', 'quit: stop everything; again: kill now'],
  ['Ctrl-C', 'the same; leaves a run that was only joined'],
  ['R', 'restart (restart_key in stack.yaml names what)'],
  ['P', 'pull (git, fast-forward only)'],
  ['X', 'restart the service of this pane'],
  ['I', 'type to the service; Esc ends'],
  ['O', 'open the page in the browser'],
  ['Tab, 1 2 3', 'go to a pane'],
  ['Z', 'zoom it'],
  ['L', 'one log of all services'],
  ['D', 'dashboard'],
  ['↑ ↓ PgUp PgDn', 'scroll; so does the wheel'],
  ['Home, End or G', 'oldest line; newest, and follow'],
  ['/ then n N', 'search the whole log: older, newer'],
  ['F', 'filter: words, /regex/, level:warn'],
  ['W, T', 'wrap lines; show times'],
  ['C', 'copy mode; or drag with the mouse'],
  ['Shift-drag', "your terminal's own selection"],
]

/** Who keeps a stopping run waiting, with what is left of the grace. */
export function stopWaitInWords(event: SupervisorEvent & { type: 'stop_waits' }): string {
  return words.waitsFor(event.service, event.pid, event.killInMs)
}

/** Whole seconds, never less than 1: what is counted down is not there yet. */
function secondsLeft(ms: number): string {
  return `${Math.max(1, Math.ceil(ms / 1000))} s`
}
