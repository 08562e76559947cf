import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { lineFilter, searchPattern } from './filter.ts'

suite('a filter', () => {
  const passes = (typed: string, text: string, kind: 'output' | 'event' = 'output') =>
    lineFilter(typed)?.(text, { service: 'a', offset: 0, raw: Buffer.from(text), kind })

  test('nothing typed is no filter', () => {
    assert.equal(lineFilter(''), undefined)
    assert.equal(lineFilter('  '), undefined)
  })

  test('is a regular expression; small letters find either case, a capital only itself', () => {
    assert.equal(passes('time(out)?$', 'a TIMEOUT'), true)
    assert.equal(passes('Time', 'a TIMEOUT'), false)
    assert.equal(passes('a.c', 'xabcx'), true)
  })

  test('what is no regular expression is taken as it stands', () => {
    assert.equal(passes('foo(', 'call foo( here'), true)
    assert.equal(passes('foo(', 'call fo'), false)
    assert.ok(searchPattern('[1.').test('[1.2'))
  })

  test('a level lets through what is as grave or graver, and words narrow it', () => {
    assert.equal(passes('level:warn', '[WARN] disk'), true)
    assert.equal(passes('level:warning', 'ERROR: disk'), true)
    assert.equal(passes('level:warn', '[info] disk'), false)
    assert.equal(passes('level:warn', 'disk'), false)
    assert.equal(passes('level:warn disk', '[WARN] net'), false)
    assert.equal(passes('disk level:warn', '[WARN] disk'), true)
  })

  test('what happens to a service passes every level', () => {
    assert.equal(passes('level:error', '● core exited with code 1', 'event'), true)
  })
})
