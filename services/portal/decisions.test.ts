import assert from 'node:assert/strict'
import { test } from 'node:test'
import { admissionOf, defaultLimits } from './admission.ts'
import { holderOf, recoveryOf } from './recovery.ts'
import { defaultRetention, keepingOf } from './retention.ts'

test('a dead holder is dead at once, a living one is silent after its lease', () => {
  const lease = 30_000
  assert.equal(holderOf({ self: true, lives: true, silentMs: 1e9 }, lease), 'self')
  assert.equal(holderOf({ self: false, lives: false, silentMs: 0 }, lease), 'dead')
  assert.equal(holderOf({ self: false, lives: true, silentMs: 30_000 }, lease), 'working')
  assert.equal(holderOf({ self: false, lives: true, silentMs: 30_001 }, lease), 'silent')
})

test('a job found in a claimer folder goes on from where it stood', () => {
  const found = { holder: 'dead', running: false, complete: false, answered: false } as const
  const nth = (attempt: number) => ({ ...found, attempt: { id: 'x', attempt } })
  assert.deepEqual(recoveryOf({ ...nth(1), holder: 'working', complete: true }, 3), { type: 'leave' })
  assert.deepEqual(recoveryOf({ ...nth(1), holder: 'self', running: true }, 3), { type: 'leave' })
  assert.deepEqual(recoveryOf({ ...nth(1), holder: 'self' }, 3), { type: 'again', attempt: 1 })
  assert.deepEqual(recoveryOf({ ...nth(3), complete: true, answered: true }, 3), { type: 'deliver' })
  assert.deepEqual(recoveryOf(nth(1), 3), { type: 'again', attempt: 2 })
  assert.deepEqual(recoveryOf({ ...nth(2), holder: 'silent' }, 3), { type: 'again', attempt: 3 })
  assert.deepEqual(recoveryOf({ ...nth(1), answered: true }, 3), { type: 'drop' })
  assert.deepEqual(recoveryOf(nth(3), 3), { type: 'bury' })
  assert.deepEqual(recoveryOf({ ...nth(3), answered: true }, 3), { type: 'drop' })
})

test('things expire by their age and state, and nothing that a live job needs does', () => {
  const day = 24 * 3_600_000
  const at = (kind: 'prep' | 'done' | 'error' | 'dead', ageMs: number) =>
    keepingOf({ kind, ageMs }, defaultRetention)
  assert.deepEqual([at('prep', 1.4 * day), at('prep', 1.6 * day)], ['keep', 'remove'])
  assert.deepEqual([at('done', 6 * day), at('done', 8 * day)], ['keep', 'remove'])
  assert.deepEqual([at('error', 8 * day), at('error', 31 * day)], ['keep', 'remove'])
  for (const kind of ['live', 'cancel'] as const) {
    const keeping = (needed: boolean, ageMs: number) => keepingOf({ kind, needed, ageMs }, defaultRetention)
    assert.deepEqual(
      [keeping(true, 1e12), keeping(false, 1000), keeping(false, 61_000)],
      ['keep', 'keep', 'remove'],
    )
  }
})

test('a refusal says when to come back', () => {
  const load = { waiting: 0, freeBytes: 1e12, jobsPerSecond: 10 }
  const limits = { ...defaultLimits, waiting: 1000 }
  assert.deepEqual(admissionOf({ ...load, waiting: 999 }, limits), { type: 'admitted' })
  const refused = { type: 'refused', code: 'over_quota' }
  assert.deepEqual(admissionOf({ ...load, waiting: 1000 }, limits), { ...refused, retryAfter: 10 })
  assert.deepEqual(admissionOf({ ...load, waiting: 1e6, jobsPerSecond: 0 }, limits), {
    ...refused,
    retryAfter: 300,
  })
  const full = { type: 'refused', code: 'disk_low', retryAfter: 60 }
  assert.deepEqual(admissionOf({ ...load, freeBytes: 1 }, limits), full)
})
