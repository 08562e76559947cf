import assert from 'node:assert/strict'
import { test } from 'node:test'
import { growthAt, noGrowth } from './growth.ts'

test('a text that takes long to parse is gone over less often, so most of the time is left to the page', () => {
  let clock = 0
  // Each look at the clock is 30 ms later: so long does a parse take.
  const slow = (): number => (clock += 30)
  const first = growthAt(noGrowth, 'one', slow)
  assert.equal(first.grown.text, 'one')
  assert.equal(
    growthAt(first, 'one two', () => clock + 149),
    first,
  )
  const second = growthAt(first, 'one two', () => clock + 150)
  assert.equal(second.grown.text, 'one two')
})
