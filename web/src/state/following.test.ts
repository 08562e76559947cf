import assert from 'node:assert/strict'
import { test } from 'node:test'
import { countUnseen, follow, startOfFollowing } from './following.ts'
import { parseLine } from './transcript.ts'

const lines = [10, 20, 30].map(offset => parseLine(offset, 'x'))

test('scrolling up leaves the end, and lines that come then are counted', () => {
  const reading = follow(startOfFollowing, { type: 'scrolled', below: 300, up: true, lastOffset: 10 })
  assert.equal(reading.kind, 'reading')
  assert.equal(countUnseen(reading, lines), 2)
  assert.equal(follow(reading, { type: 'scrolled', below: 500, up: true, lastOffset: 30 }), reading)
  assert.equal(countUnseen(follow(reading, { type: 'jumped' }), lines), 0)
})

test('scrolling back to the end follows again', () => {
  const reading = follow(startOfFollowing, { type: 'scrolled', below: 300, up: true, lastOffset: 10 })
  assert.equal(follow(reading, { type: 'scrolled', below: 3.5, up: false, lastOffset: 30 }).kind, 'following')
})

test('content that grows below the view is not a reader who scrolls', () => {
  const state = follow(startOfFollowing, { type: 'scrolled', below: 300, up: false, lastOffset: 10 })
  assert.equal(state.kind, 'following')
})
