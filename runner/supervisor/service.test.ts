import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { backoffMs, deadlineOf, transition, type Action, type Input, type State } from './service.ts'

const always = { restart: 'always', readyTimeoutMs: 1000, maxFailures: 0, oneshot: false } as const
const onFailure = { ...always, restart: 'on-failure' } as const
const never = { ...always, restart: 'never' } as const
const thrice = { ...always, maxFailures: 3 } as const
const task = { ...never, oneshot: true } as const

const idle: State = { type: 'idle' }
const waiting: State = { type: 'waiting', failures: 0 }
const spawning: State = { type: 'starting', since: 100, failures: 0 }
const starting: State = { type: 'starting', since: 100, pid: 7, failures: 0 }
const ready: State = { type: 'ready', since: 100, readyAt: 200, pid: 7, failures: 2 }
const stopping: State = { type: 'stopping', since: 100, pid: 7, failures: 0, next: 'idle' }
const late: State = { ...stopping, next: 'retry' }
const backoff: State = { type: 'backoff', until: 900, failures: 1 }
const failed: State = { type: 'failed' }
const done: State = { type: 'done' }

const crash: Input = { type: 'exited', code: 1, signal: undefined, luck: 0.5 }
const clean: Input = { type: 'exited', code: 0, signal: undefined, luck: 0.5 }
const killed: Input = { type: 'exited', code: 0, signal: 'SIGKILL', luck: 0.5 }

function step(state: State, input: Input, policy: Parameters<typeof transition>[3] = always) {
  const { state: next, actions } = transition(state, input, 500, policy)
  return { next, actions: actions.map(action => action.type), full: actions }
}

suite('service: every transition', () => {
  test('idle and failed start by waiting for their dependencies', () => {
    for (const state of [idle, failed]) {
      assert.deepEqual(step(state, { type: 'start' }).next, waiting)
      assert.deepEqual(step(state, { type: 'stop' }).next, idle)
      assert.deepEqual(step(state, { type: 'kill' }).next, idle)
    }
  })

  test('waiting is over when the dependencies are ready', () => {
    const { next, actions } = step(waiting, { type: 'dependencies_ready' })
    assert.deepEqual(next, { type: 'starting', since: 500, failures: 0 })
    assert.deepEqual(actions, ['spawn'])
    assert.deepEqual(step(waiting, { type: 'stop' }).next, idle)
  })

  test('starting: spawned, then probed, then ready', () => {
    const spawned = step(spawning, { type: 'spawned', pid: 7 })
    assert.deepEqual(spawned.next, { type: 'starting', since: 500, pid: 7, failures: 0 })
    assert.deepEqual(spawned.actions, ['probe'])
    assert.deepEqual(step(spawning, { type: 'ready' }).next, spawning)
    const up = step(starting, { type: 'ready' })
    assert.deepEqual(up.next, { type: 'ready', since: 100, readyAt: 500, pid: 7, failures: 0 })
    assert.deepEqual(up.full.at(-2), { type: 'report_ready', afterMs: 400 })
  })

  test('starting: what can not be spawned fails, or is tried again where that may help', () => {
    assert.deepEqual(step(spawning, { type: 'not_spawned', again: false, luck: 0.5 }).next, failed)
    assert.deepEqual(step(spawning, { type: 'not_spawned', again: true, luck: 0.5 }, never).next, failed)
    const again = step(spawning, { type: 'not_spawned', again: true, luck: 0.5 })
    assert.deepEqual(again.next, { type: 'backoff', until: 1000, failures: 1 })
    assert.deepEqual(again.full, [{ type: 'report_not_spawned', restartInMs: 500 }])
  })

  test('starting: too late is a failure: stopped, then tried again', () => {
    const deadline = step(starting, { type: 'deadline' })
    assert.deepEqual(deadline.next, late)
    assert.deepEqual(deadline.actions, ['stop_probing', 'report_unready', 'terminate'])
    // Also if it ended politely, with code 0.
    for (const policy of [always, onFailure])
      assert.deepEqual(step(late, clean, policy).next, { type: 'backoff', until: 1000, failures: 1 })
    assert.deepEqual(step(late, clean).full, [
      { type: 'stop_probing' },
      { type: 'report_exit', afterMs: 400, code: 0, signal: undefined, restartInMs: 500 },
    ])
    assert.deepEqual(step(late, clean, never).next, failed)
    assert.deepEqual(step(late, { type: 'stop' }).next, stopping)
  })

  test('an end that nobody asked for, by policy', () => {
    const cases: [State, Input, typeof always | typeof onFailure | typeof never, State['type']][] = [
      [starting, crash, always, 'backoff'],
      [starting, clean, always, 'backoff'],
      [ready, clean, onFailure, 'idle'],
      [ready, crash, onFailure, 'backoff'],
      [ready, killed, onFailure, 'backoff'],
      [ready, clean, never, 'idle'],
      [ready, crash, never, 'failed'],
    ]
    for (const [state, input, policy, expected] of cases)
      assert.equal(step(state, input, policy).next.type, expected, `${state.type} ${policy.restart}`)
  })

  test('the back-off doubles, and 10 s of being ready forget the failures', () => {
    assert.deepEqual(
      [1, 2, 3, 6, 7, 99].map(failures => backoffMs(failures, 0.5)),
      [500, 1000, 2000, 16_000, 30_000, 30_000],
    )
    assert.deepEqual([backoffMs(1, 0), backoffMs(1, 1)], [450, 550])
    assert.equal(transition(ready, crash, 10_199, always).state.type, 'backoff')
    assert.deepEqual(transition(ready, crash, 10_199, always).state, {
      type: 'backoff',
      until: 12_199,
      failures: 3,
    })
    assert.deepEqual(transition(ready, crash, 10_200, always).state, {
      type: 'backoff',
      until: 10_700,
      failures: 1,
    })
  })

  test('stop is polite, kill is not, and both end in idle', () => {
    for (const state of [starting, ready]) {
      assert.equal(step(state, { type: 'stop' }).actions.at(-1), 'terminate')
      assert.equal(step(state, { type: 'kill' }).actions.at(-1), 'kill')
      assert.equal(step(state, { type: 'stop' }).next.type, 'stopping')
    }
    assert.deepEqual(step(stopping, { type: 'kill' }).actions, ['kill'])
    for (const end of [crash, clean, killed]) assert.deepEqual(step(stopping, end).next, idle)
    assert.deepEqual(step(stopping, { type: 'not_spawned', again: true, luck: 0.5 }).next, idle)
  })

  test('back-off ends by its deadline, by a start, or by a stop', () => {
    for (const type of ['deadline', 'start'] as const) {
      assert.deepEqual(step(backoff, { type }).next, { type: 'starting', since: 500, failures: 1 })
      assert.deepEqual(step(backoff, { type }).actions, ['spawn'])
    }
    assert.deepEqual(step(backoff, { type: 'stop' }).next, idle)
  })

  test('a one-shot task is done when it has exited with 0; it is not probed and has all the time it needs', () => {
    assert.deepEqual(step(spawning, { type: 'spawned', pid: 7 }, task).actions, [])
    assert.equal(deadlineOf(starting, task), undefined)
    const end = step(starting, clean, task)
    assert.deepEqual(end.next, done)
    assert.deepEqual(end.full.at(-1), { type: 'report_done', afterMs: 400 })
    assert.deepEqual(step(starting, crash, task).next, failed)
    assert.deepEqual(step(starting, crash, { ...task, restart: 'on-failure' }).next.type, 'backoff')
    assert.deepEqual(step(done, { type: 'start' }).next, waiting)
    assert.deepEqual(step(done, { type: 'stop' }).next, idle)
  })

  test('after too many failures in a row it stays down', () => {
    const fallen = (failures: number): State => ({ ...starting, failures })
    assert.equal(step(fallen(2), crash, thrice).next.type, 'backoff')
    assert.equal(step(fallen(3), crash, thrice).next.type, 'failed')
    assert.equal(step(fallen(3), clean, thrice).next.type, 'failed')
    assert.equal(
      step({ ...spawning, failures: 3 }, { type: 'not_spawned', again: true, luck: 0.5 }, thrice).next.type,
      'failed',
    )
  })

  test('changed files restart it at once, from wherever it is; an ill one goes through the back-off', () => {
    const changed: Input = { type: 'recycle', ill: false }
    for (const state of [starting, ready]) {
      const { next, actions } = step(state, changed)
      assert.deepEqual([next.type, actions], ['stopping', ['stop_probing', 'terminate']])
      assert.deepEqual(step(next, clean).next, { type: 'starting', since: 500, failures: 0 })
    }
    assert.deepEqual(step(backoff, changed).actions, ['spawn'])
    assert.deepEqual(step(failed, changed).next, waiting)
    for (const state of [idle, done, waiting]) assert.deepEqual(step(state, changed).next, state)
    const ill = step(ready, { type: 'recycle', ill: true })
    assert.deepEqual(step(ill.next, clean).next, { type: 'backoff', until: 2500, failures: 3 })
  })

  test('what means nothing changes nothing', () => {
    const inert: [State, Input['type'][]][] = [
      [idle, ['ready', 'deadline', 'dependencies_ready', 'exited']],
      [failed, ['ready', 'deadline', 'dependencies_ready', 'exited']],
      [done, ['ready', 'deadline', 'dependencies_ready', 'exited', 'recycle']],
      [waiting, ['start', 'ready', 'deadline', 'exited', 'recycle']],
      [starting, ['start', 'dependencies_ready']],
      [ready, ['start', 'ready', 'deadline', 'dependencies_ready']],
      [stopping, ['start', 'ready', 'deadline', 'dependencies_ready', 'recycle']],
      [backoff, ['ready', 'dependencies_ready', 'exited']],
    ]
    for (const [state, types] of inert)
      for (const type of types) {
        const input = {
          type,
          code: 1,
          signal: undefined,
          pid: 1,
          again: true,
          luck: 0.5,
          ill: false,
        } as unknown as Input
        const nothing: { state: State; actions: Action[] } = { state, actions: [] }
        assert.deepEqual(transition(state, input, 500, always), nothing, `${state.type} ${type}`)
      }
  })

  test('only the time to become ready and the back-off have a deadline', () => {
    assert.equal(deadlineOf(starting, always), 1100)
    assert.equal(deadlineOf(backoff, always), 900)
    for (const state of [idle, waiting, spawning, ready, stopping, failed])
      assert.equal(deadlineOf(state, always), undefined)
  })
})
