import assert from 'node:assert/strict'
import { test } from 'node:test'
import { longestEnding, medoid, textAfter } from './text-align.ts'

test('what follows the known words is found, also where the second hearing differs a little', () => {
  assert.equal(textAfter('And so.', 'And so, my fellow'), 'my fellow')
  assert.equal(textAfter('And so my fellow America.', 'And so, my fellow Americans, ask not'), 'ask not')
  assert.equal(textAfter('my fellow-americans', 'My fellow Americans, ask not'), 'ask not')
})

test('a hearing of something else is no context', () => {
  assert.equal(textAfter('one two three four', 'ask not what your country'), undefined)
})

test('nothing new is the empty text', () => {
  assert.equal(textAfter('And so.', 'And so.'), '')
})

test('of three hearings the one nearest to the others wins, of two the first', () => {
  assert.equal(
    medoid(['my fellow America', 'my fellow Americans', 'My fellow Americans!']),
    'my fellow Americans',
  )
  assert.equal(medoid(['yes', 'guess']), 'yes')
})

test('of hearings that differ in the last sounds only, the longest wins', () => {
  assert.equal(
    longestEnding('my fellow America.', ['My fellow-american', 'my fellow Americans']),
    'my fellow Americans',
  )
  assert.equal(longestEnding('so it is', ['so it isolates', 'go it isn', 'so it']), 'so it is')
})
