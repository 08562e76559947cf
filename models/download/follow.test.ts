import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nextHop } from './follow.ts'

const subject = { what: 'the file', env: {} }

test('a redirect is followed relative to its address, from http to https, and not back', () => {
  const from = 'https://example.com/a/b'
  const hop = (to: string): string => nextHop(to, from, new Set([from]), subject)
  assert.equal(hop('../c#part'), 'https://example.com/c')
  assert.equal(nextHop('https://e.example/', 'http://e.example/', new Set(), subject), 'https://e.example/')
  for (const [to, words] of [
    ['http://example.com/c', /from https to http/],
    ['ftp://example.com/c', /no http or https/],
    ['b', /in a circle/],
  ] as const)
    assert.throws(() => hop(to), words)
})
