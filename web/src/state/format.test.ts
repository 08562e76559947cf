import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ago, bytes, count, cpu, duration, moment, share } from './format.ts'

test('sizes have at most one decimal, and units as the commands have', () => {
  assert.deepEqual(
    [0, 999, 640_400, 45_000_000, 640_000_000, 1_249_000_000, 212_000_000_000, 2_500_000_000_000].map(bytes),
    ['0 B', '999 B', '640 kB', '45 MB', '640 MB', '1.2 GB', '212 GB', '2.5 TB'],
  )
})

test('durations have two units at most', () => {
  assert.deepEqual([-5, 9_900, 245_000, 11_520_000, 190_800_000].map(duration), [
    '0 s',
    '9 s',
    '4 min',
    '3 h 12 min',
    '2 d 5 h',
  ])
})

test('what is not done yet is never 100 %', () => {
  assert.deepEqual([-1, 0, 0.437, 0.999, 1, 2].map(share), ['0 %', '0 %', '43 %', '99 %', '100 %', '100 %'])
})

test('a share of a core is exact where it is small', () => {
  assert.deepEqual([0, 0.004, 0.12, 3.4].map(cpu), ['0 %', '0.4 %', '12 %', '340 %'])
})

test('a moment that is gone is told in the largest unit, and an old one by its day', () => {
  const now = Date.parse('2026-11-02T12:00:00Z')
  const told = (iso: string) => ago(iso, now)
  assert.equal(told('2026-11-02T11:59:30Z'), 'just now')
  assert.equal(told('2026-11-02T12:00:09Z'), 'just now')
  assert.equal(told('2026-11-02T11:56:00Z'), '4 min ago')
  assert.equal(told('2026-11-02T09:01:00Z'), '2 h ago')
  assert.equal(told('2026-10-21T12:00:00Z'), '12 d ago')
  assert.equal(told('2026-08-02T12:00:00Z'), '2 August 2026')
  assert.equal(told('never'), 'never')
})

test('a moment is told where the reader is', () => {
  assert.match(moment('2026-11-02T09:14:00Z'), /^2026-11-0\d \d\d:\d\d$/)
})

test('one of something is not several', () => {
  assert.deepEqual(
    [count(0, 'model'), count(1, 'model'), count(2, 'reply', 'replies')],
    ['0 models', '1 model', '2 replies'],
  )
})
