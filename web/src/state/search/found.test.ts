import assert from 'node:assert/strict'
import { test } from 'node:test'
import { byName, searchPath, snippetParts } from './found.ts'

test('a snippet falls into pieces at its marks, on one line', () => {
  assert.deepEqual(snippetParts('the \u0002soup\u0003 is\n\n<b>\u0002soup'), [
    { text: 'the ', marked: false },
    { text: 'soup', marked: true },
    { text: ' is <b>', marked: false },
    { text: 'soup', marked: true },
  ])
  assert.deepEqual(snippetParts(''), [])
})

test('nothing is asked for nothing, and what is asked stays what was typed', () => {
  assert.equal(searchPath('  ', undefined), undefined)
  assert.equal(searchPath(' a&b ', 'ann/x y'), '/api/search?q=a%26b&limit=50&room=ann%2Fx+y')
})

test('names that begin with the words go first', () => {
  const places = ['my kitchen', 'Thekitchen', 'Kitchen', 'lobby'].map(name => ({ name }))
  assert.deepEqual(
    byName(places, 'KIT').map(({ name }) => name),
    ['Kitchen', 'my kitchen', 'Thekitchen'],
  )
  assert.equal(byName(places, '').length, 4)
})
