import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Failure } from './failure.ts'
import { decide, longestWaitMs, mostAttempts, mostAttemptsThen } from './retry.ts'

const clock = { now: Date.parse('2026-01-01T00:00:00Z'), random: 1, pauseMs: 500, begun: true }
const stalled: Failure = { type: 'stalled' }

test('pauses double, up to 20 s, and half of each is random', () => {
  const pauses = [1, 2, 3, 4, 5].map(attempts => decide(stalled, attempts, clock))
  assert.deepEqual(
    pauses.map(one => (one.type === 'again' ? one.afterMs : 0)),
    [500, 1000, 2000, 4000, 8000],
  )
  assert.deepEqual(decide(stalled, 1, { ...clock, random: 0 }), { type: 'again', afterMs: 250 })
  assert.deepEqual(decide(stalled, 5, { ...clock, pauseMs: 5000 }), { type: 'again', afterMs: 20_000 })
})

test('so many attempts without a new byte are enough', () => {
  assert.deepEqual(decide(stalled, mostAttemptsThen, clock), { type: 'stop' })
  assert.deepEqual(decide(stalled, mostAttempts, { ...clock, begun: false }), { type: 'stop' })
  assert.equal(decide(stalled, mostAttempts, clock).type, 'again')
})

test('Retry-After is honoured as seconds and as a date, and not beyond two minutes', () => {
  const busy = (retryAfter: string): Failure => ({ type: 'status', status: 429, retryAfter })
  assert.deepEqual(decide(busy('7'), 1, clock), { type: 'again', afterMs: 7000 })
  assert.deepEqual(decide(busy('Thu, 01 Jan 2026 00:00:09 GMT'), 1, clock), { type: 'again', afterMs: 9000 })
  assert.deepEqual(decide(busy('Thu, 01 Jan 2025 00:00:09 GMT'), 1, clock), { type: 'again', afterMs: 500 })
  assert.deepEqual(decide(busy('soon'), 1, clock), { type: 'again', afterMs: 500 })
  assert.deepEqual(decide(busy(String(longestWaitMs / 1000 + 1)), 1, clock), { type: 'stop' })
})

test('what does not pass by waiting is not waited for', () => {
  const failures: Failure[] = [
    ...[400, 401, 403, 404, 410, 451].map(status => ({ type: 'status', status }) as const),
    { type: 'connection', code: 'CERT_HAS_EXPIRED' },
    { type: 'connection', code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' },
  ]
  for (const failure of failures) assert.deepEqual(decide(failure, 1, clock), { type: 'stop' })
  for (const status of [408, 429, 500, 502, 503, 504])
    assert.equal(decide({ type: 'status', status }, 1, clock).type, 'again')
  for (const code of ['ECONNREFUSED', 'EAI_AGAIN', 'ENETUNREACH'])
    assert.equal(decide({ type: 'connection', code }, 1, clock).type, 'again')
})
