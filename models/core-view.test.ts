import assert from 'node:assert/strict'
import { test } from 'node:test'
import { lifeCheck } from './core-view.ts'

test('whether a process is still the same one is asked now and then; that it is gone shows at once', () => {
  const core = { pid: 5, started: 'a', boot: '' }
  let now = 0
  let asked = 0
  let isThere = true
  const lives = lifeCheck(
    () => {
      asked++
      return isThere
    },
    () => isThere,
    () => now,
  )
  assert.deepEqual([lives(core), lives(core), asked], [true, true, 1])
  assert.equal(lives({ ...core, started: 'b' }), true)
  assert.equal(asked, 2)
  now = 30_001
  assert.equal(lives({ ...core, started: 'b' }), true)
  assert.equal(asked, 3)
  isThere = false
  assert.equal(lives({ ...core, started: 'b' }), false)
})
