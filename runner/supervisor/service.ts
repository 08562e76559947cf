import type { Service } from '../stack/model.ts'

/**
 * The life of one service or one-shot task. `failures` counts the ends in a row that were not asked for; 10 s of being ready forget them.
 *
 *                 start            dependencies_ready          ready
 *      ┌── idle ─────────► waiting ─────────────────► starting ───────► ready
 *      │    ▲ ▲              │ stop                    │  │ ▲ │          │ │
 *      │    │ └──────────────┘         stop, deadline  │  │ │ │   exited │ │ stop
 *      │    │                   ┌──────────────────────┘  │ │ └────────┐ │ │
 *      │    │ exited            ▼                         │ │ deadline,│ │ │
 *      │    └─────────────── stopping ◄───────────────────┼─┼─ start   │ │ │
 *      │                        │  exited, after          │ │          ▼ ▼ │
 *      │                        └─ a deadline ────────────┼─┴───────► backoff ──► idle (stop)
 *      │                                                  │ exited, and the policy says no
 *      └── exited with 0, and the policy says no ◄────────┴─────────► failed ──► waiting (start), idle (stop)
 *
 * A one-shot task goes from starting to done with exit code 0 and is never ready. `recycle` is a restart that nobody asked
 * for: after a change of its files at once (stopping → starting, also out of backoff and failed), when it was found ill
 * through stopping and backoff.
 *
 * `exited` means that nothing is left: the leader, its group and what made itself a daemon (service-process.ts).
 */
export type State =
  | { type: 'idle' }
  | { type: 'waiting'; failures: number }
  | { type: 'starting'; since: number; pid?: number; failures: number }
  | { type: 'ready'; since: number; readyAt: number; pid: number; failures: number }
  | { type: 'stopping'; since: number; pid?: number; failures: number; next: 'idle' | 'retry' | 'again' }
  | { type: 'done' }
  | { type: 'backoff'; until: number; failures: number }
  | { type: 'failed' }

export type Input =
  | { type: 'start' }
  | { type: 'dependencies_ready' }
  | { type: 'spawned'; pid: number }
  /** It could not be spawned. `again`: another try may help (its port was busy); otherwise it can't (no such program). */
  | { type: 'not_spawned'; again: boolean; luck: number }
  | { type: 'ready' }
  /** The clock has reached `deadlineOf(state)`. */
  | { type: 'deadline' }
  /** `luck`: from 0 to 1, spreads the next start, so that services which fell together do not rise together. */
  | { type: 'exited'; code: number; signal: string | undefined; luck: number }
  /** `ill`: it does not answer, or is too large; otherwise its files have changed. */
  | { type: 'recycle'; ill: boolean }
  | { type: 'stop' }
  | { type: 'kill' }

export type Action =
  | { type: 'spawn' }
  | { type: 'probe' }
  /** Look after its health from now on. */
  | { type: 'attend' }
  /** No more probing, no more attending. */
  | { type: 'stop_probing' }
  | { type: 'terminate' }
  | { type: 'kill' }
  | { type: 'report_ready'; afterMs: number }
  | { type: 'report_done'; afterMs: number }
  | { type: 'report_unready'; afterMs: number }
  | { type: 'report_exit'; afterMs: number; code: number; signal: string | undefined; restartInMs?: number }
  | { type: 'report_not_spawned'; restartInMs?: number }

export interface Step {
  state: State
  actions: Action[]
}

export type Policy = Pick<Service, 'restart' | 'readyTimeoutMs' | 'maxFailures' | 'oneshot'>

/** Every transition of every service. An input that means nothing in a state leaves it as it is. */
export function transition(state: State, input: Input, now: number, policy: Policy): Step {
  switch (state.type) {
    case 'idle':
    case 'done':
    case 'failed':
      if (input.type === 'start' || (input.type === 'recycle' && state.type === 'failed'))
        return to({ type: 'waiting', failures: 0 })
      if (input.type === 'stop' || input.type === 'kill') return to({ type: 'idle' })
      return to(state)
    case 'waiting':
      if (input.type === 'dependencies_ready') return spawning(now, state.failures)
      if (input.type === 'stop' || input.type === 'kill') return to({ type: 'idle' })
      return to(state)
    case 'starting':
      return fromStarting(state, input, now, policy)
    case 'ready':
      return fromReady(state, input, now, policy)
    case 'stopping':
      return fromStopping(state, input, now, policy)
    case 'backoff':
      if (input.type === 'deadline' || input.type === 'start' || input.type === 'recycle')
        return spawning(now, state.failures)
      if (input.type === 'stop' || input.type === 'kill') return to({ type: 'idle' })
      return to(state)
  }
}

/** When the clock itself is an input: the end of a back-off, or of the time to become ready. */
export function deadlineOf(state: State, policy: Policy): number | undefined {
  if (state.type === 'backoff') return state.until
  if (state.type === 'starting' && state.pid !== undefined && !policy.oneshot)
    return state.since + policy.readyTimeoutMs
  return undefined
}

/** 0.5 s, 1 s, 2 s … 30 s, each a tenth less or more by luck (0 to 1; 0.5 is exact). */
export function backoffMs(failures: number, luck: number): number {
  return Math.round(Math.min(500 * 2 ** Math.max(0, failures - 1), 30_000) * (0.9 + 0.2 * luck))
}

const steadyMs = 10_000

function fromStarting(state: State & { type: 'starting' }, input: Input, now: number, policy: Policy): Step {
  const { since, failures } = state
  switch (input.type) {
    case 'spawned':
      return to(
        { type: 'starting', since: now, pid: input.pid, failures },
        ...(policy.oneshot ? [] : [{ type: 'probe' } as const]),
      )
    case 'not_spawned': {
      if (!input.again || policy.restart === 'never' || isTooMany(failures + 1, policy))
        return to({ type: 'failed' }, { type: 'report_not_spawned' })
      const restartInMs = backoffMs(failures + 1, input.luck)
      return to(
        { type: 'backoff', until: now + restartInMs, failures: failures + 1 },
        { type: 'report_not_spawned', restartInMs },
      )
    }
    case 'ready':
      if (state.pid === undefined) return to(state)
      return to(
        { type: 'ready', since, readyAt: now, pid: state.pid, failures },
        { type: 'stop_probing' },
        { type: 'report_ready', afterMs: now - since },
        { type: 'attend' },
      )
    case 'recycle':
      return to(
        stopping(state, input.ill ? 'retry' : 'again'),
        { type: 'stop_probing' },
        { type: 'terminate' },
      )
    case 'deadline':
      return to(
        stopping(state, 'retry'),
        { type: 'stop_probing' },
        { type: 'report_unready', afterMs: now - since },
        { type: 'terminate' },
      )
    case 'exited':
      return exited(since, failures, input, now, policy)
    case 'stop':
    case 'kill':
      return to(
        stopping(state, 'idle'),
        { type: 'stop_probing' },
        { type: input.type === 'stop' ? 'terminate' : 'kill' },
      )
    case 'start':
    case 'dependencies_ready':
      return to(state)
  }
}

function fromReady(state: State & { type: 'ready' }, input: Input, now: number, policy: Policy): Step {
  if (input.type === 'exited') {
    const failures = now - state.readyAt >= steadyMs ? 0 : state.failures
    return exited(state.since, failures, input, now, policy)
  }
  const still = { type: 'stop_probing' } as const
  if (input.type === 'stop') return to(stopping(state, 'idle'), still, { type: 'terminate' })
  if (input.type === 'kill') return to(stopping(state, 'idle'), still, { type: 'kill' })
  if (input.type === 'recycle')
    return to(stopping(state, input.ill ? 'retry' : 'again'), still, { type: 'terminate' })
  return to(state)
}

function fromStopping(state: State & { type: 'stopping' }, input: Input, now: number, policy: Policy): Step {
  switch (input.type) {
    case 'not_spawned':
      return state.next === 'again' ? spawning(now, state.failures) : to({ type: 'idle' })
    case 'exited': {
      if (state.next === 'idle') return to({ type: 'idle' })
      if (state.next === 'again') return spawning(now, 0)
      // It was not ready in time, or ill: a failure, with whatever code it ended.
      const failure = { ...input, code: input.code === 0 ? 1 : input.code }
      const step = exited(state.since, state.failures, failure, now, policy)
      return to(step.state, ...step.actions.filter(action => action.type !== 'report_exit'), {
        ...report(state.since, input, now),
        ...(step.state.type === 'backoff' ? { restartInMs: step.state.until - now } : {}),
      })
    }
    case 'stop':
      return to({ ...state, next: 'idle' })
    case 'kill':
      return to({ ...state, next: 'idle' }, { type: 'kill' })
    case 'spawned':
      return to({ ...state, pid: input.pid })
    case 'start':
    case 'dependencies_ready':
    case 'ready':
    case 'recycle':
    case 'deadline':
      return to(state)
  }
}

function exited(
  since: number,
  failures: number,
  end: { code: number; signal: string | undefined; luck: number },
  now: number,
  policy: Policy,
): Step {
  const clean = end.code === 0 && end.signal === undefined
  if (policy.oneshot && clean)
    return to({ type: 'done' }, { type: 'stop_probing' }, { type: 'report_done', afterMs: now - since })
  const wanted = policy.restart === 'always' || (policy.restart === 'on-failure' && !clean)
  if (wanted && !isTooMany(failures + 1, policy)) {
    const restartInMs = backoffMs(failures + 1, end.luck)
    return to(
      { type: 'backoff', until: now + restartInMs, failures: failures + 1 },
      { type: 'stop_probing' },
      { ...report(since, end, now), restartInMs },
    )
  }
  return to({ type: clean && !wanted ? 'idle' : 'failed' }, { type: 'stop_probing' }, report(since, end, now))
}

function isTooMany(failures: number, policy: Policy): boolean {
  return policy.maxFailures > 0 && failures > policy.maxFailures
}

function report(
  since: number,
  end: { code: number; signal: string | undefined },
  now: number,
): Action & { type: 'report_exit' } {
  return { type: 'report_exit', afterMs: now - since, code: end.code, signal: end.signal }
}

function spawning(now: number, failures: number): Step {
  return to({ type: 'starting', since: now, failures }, { type: 'spawn' })
}

function stopping(
  state: State & { type: 'starting' | 'ready' },
  next: (State & { type: 'stopping' })['next'],
): State {
  const { since, failures, pid } = state
  return { type: 'stopping', since, failures, next, ...(pid === undefined ? {} : { pid }) }
}

function to(state: State, ...actions: Action[]): Step {
  return { state, actions }
}
