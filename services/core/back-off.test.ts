import assert from 'node:assert/strict'
import { test } from 'node:test'
import { restartDelayMs } from './back-off.ts'
import { modelThreads } from './threads.ts'

test('the wait before a restart doubles up to half a minute', () => {
  assert.deepEqual([1, 2, 3, 4, 20].map(restartDelayMs), [100, 200, 400, 800, 30_000])
})

test('a model gets one thread less than there are cores, at least one and at most four', () => {
  assert.deepEqual([1, 2, 3, 64].map(modelThreads), [1, 1, 2, 4])
  assert.ok(modelThreads() >= 1)
})
