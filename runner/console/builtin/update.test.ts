import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { at, focusedOn, happens, start, type } from '../../../test/support/console-keys.ts'
import type { State } from './state.ts'
import type { Event } from './step.ts'
import { update } from './update.ts'

suite('the keys', () => {
  test('Q, R and P in upper and lower case go to the supervisor', () => {
    for (const key of ['q', 'r', 'p'] as const) {
      for (const typed of [key, key.toUpperCase()]) {
        assert.deepEqual(type(start(), typed).effects, [{ type: 'press', key }])
      }
    }
  })

  test('Ctrl-C is SIGINT to ourselves, in every way in which keys are taken but typing to a service', () => {
    for (const before of ['', '?', '/', 'f', 'c', 'x', 'd']) {
      assert.deepEqual(type(type(start(), before).state, '<ctrl-c>').effects, [{ type: 'interrupt' }])
    }
    const typing = type(focusedOn(2), 'i').state
    assert.deepEqual(type(typing, '<ctrl-c>').effects, [{ type: 'type', service: 'web', bytes: '\u0003' }])
  })

  test('while everything stops, Q and Ctrl-C still count', () => {
    const stopping = update(start(), happens({ type: 'stopping' })).state
    assert.deepEqual(type(stopping, 'qQ').effects, [
      { type: 'press', key: 'q' },
      { type: 'press', key: 'q' },
    ])
  })

  test('unknown keys do nothing', () => {
    for (const key of ['j', '%', '<f5>', '<ctrl-x>', 'ü', '9']) {
      assert.deepEqual(type(start(), key), { state: start(), effects: [] })
    }
  })

  test('Tab goes round, 1 2 3 go there, Z zooms', () => {
    assert.equal(start().focus, 1)
    assert.deepEqual(
      ['<tab>', '<tab><tab>', '<shift-tab>', '1', '3'].map(keys => type(start(), keys).state.focus),
      [2, 0, 0, 0, 2],
    )
    assert.equal(type(start(), 'z').state.zoomed, true)
    assert.equal(type(start(), 'zZ').state.zoomed, false)
  })

  test('arrows, pages, Home, End and G scroll the focused pane', () => {
    const effects = type(start(), '<up><down><pageup><pagedown><home><end>gG').effects
    assert.deepEqual(effects.slice(0, 4), [
      { type: 'scroll', pane: 1, rows: -1 },
      { type: 'scroll', pane: 1, rows: 1 },
      { type: 'scroll', pane: 1, rows: -20 },
      { type: 'scroll', pane: 1, rows: 20 },
    ])
    assert.deepEqual(effects[4], { type: 'scroll_to', pane: 1, end: 'oldest' })
    for (const effect of effects.slice(5))
      assert.deepEqual(effect, { type: 'scroll_to', pane: 1, end: 'newest' })
  })

  test('a search runs with each letter; Enter keeps it, n and N go on, Escape leaves', () => {
    const typed = type(start(), '/ab<backspace>')
    assert.equal(typed.state.panes[1]?.search, 'a')
    assert.deepEqual(
      typed.effects,
      Array.from({ length: 3 }, () => ({ type: 'search', pane: 1 })),
    )
    const kept = type(typed.state, '<enter>')
    assert.equal(kept.state.mode.type, 'normal')
    assert.deepEqual(type(kept.state, 'nN').effects, [
      { type: 'find', pane: 1, direction: 'back' },
      { type: 'find', pane: 1, direction: 'forward' },
    ])
    const left = type(kept.state, '<escape>')
    assert.equal(left.state.panes[1]?.search, '')
    assert.deepEqual(left.effects.at(-1), { type: 'scroll_to', pane: 1, end: 'newest' })
  })

  test('a filter counts from Enter on, Escape leaves it as it was, an empty one clears it', () => {
    const set = type(start(), 'flevel:warn<enter>')
    assert.equal(set.state.panes[1]?.filter, 'level:warn')
    assert.deepEqual(set.effects, [{ type: 'review', pane: 1 }])
    assert.equal(type(set.state, 'fxx<escape>').state.panes[1]?.filter, 'level:warn')
    assert.equal(type(set.state, 'f<ctrl-u><enter>').state.panes[1]?.filter, '')
  })

  test('in a prompt, letters are text: no q there stops anything', () => {
    assert.deepEqual(type(start(), '/quit').state.mode, { type: 'prompt', kind: 'search', text: 'quit' })
    const effects = type(start(), '/quit').effects
    assert.ok(effects.every(({ type }) => type === 'search'))
  })

  test('pasted text is text in a prompt and for a service, and never keys', () => {
    const paste = (state: State) => update(state, { type: 'input', input: { type: 'paste', text: 'q\nr' } })
    assert.deepEqual(paste(start()), { state: start(), effects: [] })
    assert.equal(paste(type(start(), '/').state).state.panes[1]?.search, 'q r')
    assert.deepEqual(paste(type(focusedOn(2), 'i').state).effects, [
      { type: 'type', service: 'web', bytes: 'q\nr' },
    ])
  })

  test('X restarts the one service of the pane, or asks which', () => {
    assert.deepEqual(type(focusedOn(2), 'x').effects, [{ type: 'restart', service: 'web' }])
    const asked = type(start(), 'X')
    assert.deepEqual(asked.state.mode, {
      type: 'pick',
      purpose: 'restart',
      services: ['core', 'backend'],
      chosen: 0,
    })
    assert.deepEqual(type(asked.state, '<down><enter>').effects, [{ type: 'restart', service: 'backend' }])
    assert.deepEqual(type(asked.state, '1').effects, [{ type: 'restart', service: 'core' }])
    assert.deepEqual(type(asked.state, '<escape>'), { state: start(), effects: [] })
  })

  test('I types to a service until Escape: every key as its raw bytes', () => {
    const typing = type(focusedOn(2), 'i').state
    assert.deepEqual(typing.mode, { type: 'input', service: 'web' })
    const typed = type(typing, 'q<enter>')
    assert.deepEqual(typed.effects, [
      { type: 'type', service: 'web', bytes: 'q' },
      { type: 'type', service: 'web', bytes: '\r' },
    ])
    assert.equal(type(typed.state, '<escape>').state.mode.type, 'normal')
  })

  test('typing goes to the pane of the service, whatever had the focus', () => {
    const asked = type(focusedOn(0), 'i')
    assert.equal(asked.state.mode.type, 'pick')
    assert.equal(type(asked.state, '3').state.focus, 2)
  })

  test('W and T change the pane and have it drawn anew', () => {
    const changed = type(start(), 'wt')
    assert.equal(changed.state.panes[1]?.wrap, false)
    assert.equal(changed.state.panes[1]?.times, true)
    assert.deepEqual(changed.effects, [
      { type: 'review', pane: 1 },
      { type: 'review', pane: 1 },
    ])
  })

  test('L shows one log of all services, and L again the panes', () => {
    const merged = type(start(), 'l').state
    assert.equal(merged.focus, 3)
    assert.deepEqual(merged.panes[3]?.services, ['core', 'backend', 'web'])
    assert.equal(type(merged, '<tab>').state.focus, 0)
    assert.equal(type(merged, 'L').state.focus, 1)
  })

  test('O opens the page and says its address', () => {
    const opened = type(start(), 'o')
    assert.deepEqual(opened.effects, [{ type: 'open', address: 'http://127.0.0.1:5173' }])
    assert.match(opened.state.message?.text ?? '', /127\.0\.0\.1:5173/)
  })

  test('any key closes the help, arrows move it', () => {
    const help = type(start(), '?').state
    assert.deepEqual(type(help, '<down>').state.mode, { type: 'help', top: 1 })
    assert.deepEqual(type(help, 'q'), { state: start(), effects: [] })
  })

  test('D takes a sample at once, Escape closes it again', () => {
    const opened = type(start(), 'd')
    assert.deepEqual(opened.effects, [{ type: 'sample' }])
    assert.equal(type(opened.state, '<escape>').state.dashboard, undefined)
  })
})

suite('what happens in the run', () => {
  test('a back-off is kept until the service starts again, in whichever order it is told', () => {
    const exited = happens({
      type: 'service_exited',
      service: 'core',
      code: 1,
      afterMs: 5,
      lastLines: [],
      restartInMs: 3000,
    })
    const backoff = happens({ type: 'service_state', service: 'core', state: 'backoff' })
    for (const order of [
      [exited, backoff],
      [backoff, exited],
    ]) {
      const state = order.reduce((before, event) => update(before, event).state, start())
      assert.deepEqual(state.services[0], { name: 'core', state: 'backoff', restartAt: at + 3000 })
      const again = update(
        state,
        happens({ type: 'service_state', service: 'core', state: 'starting', pid: 7 }),
      )
      assert.deepEqual(again.state.services[0], { name: 'core', state: 'starting', pid: 7 })
    }
  })

  test('who keeps the stop waiting is known until it has ended', () => {
    let { state } = update(start(), happens({ type: 'stopping' }))
    const waits: Event = happens({
      type: 'stop_waits',
      service: 'core',
      pid: 12,
      command: 'x',
      killInMs: 4000,
    })
    state = update(update(state, waits).state, waits).state
    assert.deepEqual(state.waits, [{ service: 'core', pid: 12, killAt: at + 4000 }])
    state = update(state, happens({ type: 'service_state', service: 'core', state: 'idle' })).state
    assert.deepEqual(state.waits, [])
  })

  test('a message goes after a while', () => {
    const { state } = update({ ...start(), now: at }, happens({ type: 'notice', text: 'look' }))
    assert.equal(state.message?.text, 'look')
    assert.equal(update(state, { type: 'tick', now: at + 14_999 }).state.message?.text, 'look')
    assert.equal(update(state, { type: 'tick', now: at + 15_000 }).state.message, undefined)
  })

  test('samples of the dashboard pile up to a bound', () => {
    let { state } = type(start(), 'd')
    for (let turn = 0; turn < 200; turn++) state = update(state, sample(turn)).state
    const usages = state.dashboard?.history['core'] ?? []
    assert.equal(usages.length, 120)
    assert.equal(usages.at(-1)?.memory, 199)
    assert.equal(update(start(), sample(1)).state.dashboard, undefined)
  })
})

function sample(memory: number): Event {
  const service = {
    name: 'core',
    state: 'ready' as const,
    restarts: 0,
    pane: 'x',
    usage: { cpu: 0, memory, processes: 1 },
  }
  const status = { services: [service] } as never
  return { type: 'sampled', status, facts: { models: [], queues: [] } }
}
