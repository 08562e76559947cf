import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { dueAt } from './due.ts'
import { initialState, type State } from './state.ts'

suite('when the screen changes by itself', () => {
  test('never, while nothing counts down', () => {
    assert.equal(dueAt(at(5000)), undefined)
  })

  test('at each whole second before a back-off ends or a grace is over', () => {
    const service = { name: 'a', state: 'backoff' as const, restartAt: 7500 }
    assert.equal(dueAt({ ...at(5000), services: [service] }), 5500)
    assert.equal(dueAt({ ...at(5500), services: [service] }), 6500)
    assert.equal(dueAt({ ...at(7500), services: [service] }), undefined)
    assert.equal(dueAt({ ...at(5000), waits: [{ service: 'a', pid: 1, killAt: 6900 }] }), 5900)
  })

  test('when a message goes', () => {
    const message = { text: 'x', tone: 'plain', until: 9000 } as const
    assert.equal(dueAt({ ...at(5000), message }), 9000)
  })
})

function at(now: number): State {
  const stack = { name: 'test', services: {}, panes: {} }
  return initialState({
    stack,
    address: undefined,
    owner: true,
    transcript: true,
    columns: 80,
    rows: 24,
    now,
  })
}
