import type { Random } from './random.ts'

export const consoleKinds = ['builtin', 'tmux', 'plain'] as const
export type ConsoleKind = (typeof consoleKinds)[number]

/** What is done to a run. */
export type Fault =
  | 'kill -9 supervisor'
  | 'kill -9 guard'
  | 'kill -9 guard, then supervisor'
  | 'kill -9 up'
  | 'kill -9 child'
  | 'kill -9 tmux'
  | 'close terminal'
  | 'SIGHUP to up'
  | 'SIGTERM to up'

export interface Plan {
  readonly console: ConsoleKind
  /** One, or two at once. */
  readonly faults: readonly Fault[]
  /** As soon as the supervisor answers; while it stops everything; or at any moment between. */
  readonly when: 'early' | 'running' | 'stopping'
  /** After the beginning of that. */
  readonly afterMs: number
  /** Between the two. */
  readonly gapMs: number
  /** Which service it is, where a child is killed. */
  readonly child: string
}

export function planOf(random: Random, consoles: readonly ConsoleKind[], children: readonly string[]): Plan {
  const console = random.pick(consoles)
  const possible = faults.filter(fault => fault !== 'kill -9 tmux' || console === 'tmux')
  const [first, second] = [random.pick(possible), random.pick(possible)]
  const when = random.pick(['early', 'running', 'running', 'stopping'] as const)
  const both = random.below(3) === 0 && first !== second
  return {
    console,
    faults: both ? [first, second] : [first],
    when,
    afterMs: { early: 0, running: random.below(800), stopping: random.below(300) }[when],
    gapMs: random.below(30),
    child: random.pick(children),
  }
}

const faults: readonly Fault[] = [
  'kill -9 supervisor',
  'kill -9 guard',
  'kill -9 guard, then supervisor',
  'kill -9 up',
  'kill -9 child',
  'kill -9 tmux',
  'close terminal',
  'SIGHUP to up',
  'SIGTERM to up',
]

/** How the run must go on after that; `either` where two things race that mean different ends. */
export function outcomeOf({ faults, when }: Plan): 'ends' | 'goes on' | 'either' {
  if (when === 'stopping') return 'ends'
  const has = (...wanted: Fault[]): boolean => wanted.some(fault => faults.includes(fault))
  if (has('kill -9 supervisor', 'kill -9 guard, then supervisor')) return 'ends'
  if (!has('close terminal', 'SIGHUP to up', 'SIGTERM to up')) return 'goes on'
  // Who would have told the supervisor may be gone before it could.
  return has('kill -9 up', 'kill -9 tmux') ? 'either' : 'ends'
}

/** With its guard killed first, a killed supervisor leaves things behind, which the next `up` sweeps. */
export function leavesToSweep({ faults }: Plan): boolean {
  const killed = faults.includes('kill -9 supervisor') || faults.includes('kill -9 guard, then supervisor')
  return killed && faults.some(fault => fault.startsWith('kill -9 guard'))
}
