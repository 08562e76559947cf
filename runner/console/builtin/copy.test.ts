import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { click, start, type } from '../../../test/support/console-keys.ts'
import { update } from './update.ts'

suite('copying', () => {
  test('with keys: the pane stands still, Space selects, Enter copies and leaves', () => {
    const copied = type(start(), 'c<up><home> <down><right>y')
    assert.deepEqual(copied.effects, [
      { type: 'freeze', pane: 1 },
      { type: 'copy', pane: 1, from: { x: 0, y: 20 }, to: { x: 1, y: 21 } },
      { type: 'thaw', pane: 1 },
    ])
    assert.equal(copied.state.mode.type, 'normal')
  })

  test('past the upper edge the pane scrolls, and the selection with it', () => {
    const { state, effects } = type(start(), 'c <pageup>')
    assert.deepEqual(effects.at(-1), { type: 'scroll', pane: 1, rows: -1 })
    assert.deepEqual(state.mode, { type: 'copy', pane: 1, at: { x: 0, y: 0 }, anchor: { x: 0, y: 22 } })
  })

  test('with the mouse: a drag copies what lies between, in reading order', () => {
    let step = click(start(), 'press', 9, 30)
    assert.deepEqual(step.effects, [])
    step = click(step.state, 'drag', 4, 28)
    assert.deepEqual(step.effects, [{ type: 'freeze', pane: 1 }])
    step = click(step.state, 'release', 4, 28)
    assert.deepEqual(step.effects, [
      { type: 'copy', pane: 1, from: { x: 4, y: 3 }, to: { x: 9, y: 5 } },
      { type: 'thaw', pane: 1 },
    ])
    const said = update(step.state, { type: 'copied', lines: 3 }).state
    assert.equal(said.message?.text, 'copied 3 lines')
  })

  test('a click only focuses', () => {
    const { state } = click(click(start(), 'press', 120, 30).state, 'release', 120, 30)
    assert.equal(state.focus, 2)
    assert.equal(state.mode.type, 'normal')
  })

  test('the wheel scrolls what is under it, whatever has the focus', () => {
    assert.deepEqual(click(start(), 'wheel-up', 120, 30).effects, [{ type: 'scroll', pane: 2, rows: -3 }])
    assert.deepEqual(click(start(), 'wheel-down', 3, 3).effects, [{ type: 'scroll', pane: 0, rows: 3 }])
  })

  test('a resize ends it', () => {
    const step = update(type(start(), 'c').state, { type: 'resized', columns: 80, rows: 24 })
    assert.deepEqual(step.effects, [{ type: 'thaw', pane: 1 }])
    assert.equal(step.state.mode.type, 'normal')
  })
})
