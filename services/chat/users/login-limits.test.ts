import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LoginLimits } from './login-limits.ts'

class Clock {
  ms = 1_000_000
  readonly now = (): number => this.ms
}

/** Tries until told to wait. */
function triesUntilWait(limits: LoginLimits, address: string, name: string, known = false): number {
  for (let tries = 0; ; tries++) if (limits.begin(address, name, known) > 0) return tries
}

test('five wrong tries for a name are free, then each waits longer, and all is forgotten in time', () => {
  const clock = new Clock()
  const limits = new LoginLimits(clock.now)
  assert.equal(triesUntilWait(limits, '10.0.0.1', 'alice'), 5)
  assert.equal(limits.begin('10.0.0.1', 'alice', false), 1000)
  clock.ms += 999
  assert.equal(limits.begin('10.0.0.1', 'ALICE', false), 1)
  clock.ms += 1
  assert.equal(limits.begin('10.0.0.1', 'alice', false), 0)
  assert.equal(limits.begin('10.0.0.1', 'alice', false), 2000)
  clock.ms += 16 * 60_000
  assert.equal(triesUntilWait(limits, '10.0.0.1', 'alice'), 5)
})

test('a hundred at once are a hundred, since a try counts from its beginning', () => {
  const limits = new LoginLimits(new Clock().now)
  const begun = Array.from({ length: 100 }, () => limits.begin('10.0.0.1', 'alice', false))
  assert.equal(begun.filter(wait => wait === 0).length, 5)
})

test('the world’s guesses do not lock out the owner where they have logged in before', () => {
  const limits = new LoginLimits(new Clock().now)
  for (let i = 0; i < 1000; i++) limits.begin(`10.1.${i >> 8}.${i & 255}`, 'alice', false)
  assert.ok(limits.begin('10.9.9.9', 'alice', false) > 0, 'slowed down from elsewhere')
  assert.equal(limits.begin('192.168.1.2', 'alice', true), 0)
  limits.succeeded('192.168.1.2', 'alice')
  // Nor does a known address allow more than any other.
  assert.equal(triesUntilWait(limits, '192.168.1.2', 'alice', true), 5)
})

test('elsewhere the name is slowed down by half a minute at most', () => {
  const clock = new Clock()
  const limits = new LoginLimits(clock.now)
  for (let i = 0; i < 1000; i++) {
    const wait = limits.begin(`10.1.${i >> 8}.${i & 255}`, 'alice', false)
    assert.ok(wait <= 30_000)
    clock.ms += wait
  }
})

test('one address can not try name after name', () => {
  const limits = new LoginLimits(new Clock().now)
  const begun = Array.from({ length: 100 }, (_, i) => limits.begin('10.0.0.1', `user${i}`, false))
  assert.equal(begun.filter(wait => wait === 0).length, 20)
  assert.equal(limits.begin('10.0.0.2', 'somebody', false), 0)
})

test('a success resets its name, and buys no guesses at others', () => {
  const limits = new LoginLimits(new Clock().now)
  let tried = 0
  for (let i = 0; i < 100; i++) {
    if (limits.begin('10.0.0.1', `user${i}`, false) === 0) tried++
    if (limits.begin('10.0.0.1', 'me', true) === 0) limits.succeeded('10.0.0.1', 'me')
  }
  assert.equal(tried, 20)
})

test('memory is bounded, however many names and addresses come', () => {
  const limits = new LoginLimits(new Clock().now)
  for (let i = 0; i < 20_000; i++) limits.begin(`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`, `u${i}`, false)
  assert.ok(limits.size <= 10_000)
})
