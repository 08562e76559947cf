import assert from 'node:assert/strict'
import { test } from 'node:test'
import { admissionOf, defaultLimits } from './admission.ts'
import { FairQueue, type Waiting } from './fair-queue.ts'
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
  assert.deepEqual(recoveryOf(nth(3), 3), { type: 'bury', answer: true })
  assert.deepEqual(recoveryOf({ ...nth(3), answered: true }, 3), { type: 'bury', answer: false })
})

test('things expire by their age and state, and nothing that a live job needs does', () => {
  const day = 24 * 3_600_000
  const at = (kind: 'prep' | 'done' | 'error' | 'dead' | 'seen', ageMs: number) =>
    keepingOf({ kind, ageMs }, defaultRetention)
  assert.deepEqual([at('prep', 1.4 * day), at('prep', 1.6 * day)], ['keep', 'remove'])
  assert.deepEqual([at('done', 6 * day), at('done', 8 * day)], ['keep', 'remove'])
  assert.deepEqual([at('error', 8 * day), at('error', 31 * day)], ['keep', 'remove'])
  assert.deepEqual([at('seen', 599_000), at('seen', 601_000)], ['keep', 'remove'])
  assert.equal(keepingOf({ kind: 'seen-uncollected' }, defaultRetention), 'renew')
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

const waiting = (user: string, name: string, more: Partial<Waiting> = {}): Waiting => {
  return { user, name, id: name, model: '', cost: 1, since: 0, ...more }
}
const idle = () => false

test('users take turns, whoever floods; a costly job takes as many turns', () => {
  const queue = new FairQueue()
  for (let i = 0; i < 1000; i++) queue.add(waiting('flood', `f${i}`))
  for (let i = 0; i < 3; i++) queue.add(waiting('calm', `c${i}`, { cost: 2 }))
  const order = Array.from({ length: 9 }, () => queue.take(0, '', idle)?.name)
  assert.deepEqual(
    order.filter(name => name?.startsWith('c')),
    ['c0', 'c1', 'c2'],
  )
  assert.deepEqual(
    order.filter(name => name?.startsWith('f')),
    ['f0', 'f1', 'f2', 'f3', 'f4', 'f5'],
  )
  assert.equal(queue.size, 994)
  assert.equal(queue.waitingOf('calm'), 0)
})

test('the loaded model goes first, until another has waited too long', () => {
  const queue = new FairQueue(100)
  queue.add(waiting('me', 'b1', { model: 'b', since: 0 }))
  for (const [i, since] of [1, 2, 3].entries()) queue.add(waiting('me', `a${i}`, { model: 'a', since }))
  const names = [50, 60, 101, 102].map(now => queue.take(now, 'a', idle)?.name)
  assert.deepEqual(names, ['a0', 'a1', 'b1', 'a2'])
})

test('a job is known once, and one whose id is at work waits for its end', () => {
  const queue = new FairQueue()
  assert.equal(queue.add(waiting('me', 'x~1', { id: 'x' })), true)
  assert.equal(queue.add(waiting('me', 'x~1', { id: 'x' })), false)
  queue.add(waiting('me', 'y~1', { id: 'y' }))
  assert.equal(queue.take(0, '', job => job.id === 'x')?.id, 'y')
  assert.equal(
    queue.take(0, '', job => job.id === 'x'),
    undefined,
  )
  assert.equal(queue.has('me', 'x~1'), true)
  queue.release('me', 'x')
  assert.equal(queue.take(0, '', idle)?.id, 'x')
  assert.equal(queue.size, 0)
})

test('taking is as quick from 100,000 as from ten', () => {
  const queue = new FairQueue()
  for (let i = 0; i < 100_000; i++) queue.add(waiting(`u${i % 3}`, String(i)))
  let taken = 0
  while (queue.take(0, '', idle) !== undefined) taken++
  assert.equal(taken, 100_000)
  assert.deepEqual([queue.size, queue.take(0, '', idle)], [0, undefined])
})
