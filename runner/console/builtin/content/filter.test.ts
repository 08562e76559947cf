import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { lineFilter, searchPattern, unknownLevel } from './filter.ts'

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

test('a stack trace has the level of the line that it goes on with; what says nothing is an info', () => {
  const lines = ['INFO fine', 'ERROR it broke', '    at foo (api.js:1)', '    at bar (api.js:2)', 'plain']
  const line = (offset: number) => ({
    service: 'a',
    offset,
    raw: Buffer.from(lines[offset] ?? ''),
    kind: 'output' as const,
  })
  const passing = (typed: string): number[] => {
    const filter = lineFilter(typed, ({ service, offset }) =>
      offset === 0 ? undefined : { service, offset: offset - 1, text: lines[offset - 1] ?? '' },
    )
    return lines.flatMap((text, offset) => (filter?.(text, line(offset)) === true ? [offset] : []))
  }
  assert.deepEqual(passing('level:error'), [1, 2, 3])
  assert.deepEqual(passing('level:info'), [0, 1, 2, 3, 4])
})

test('a level that there is not is named', () => {
  assert.equal(unknownLevel('level:wrn core'), 'wrn')
  assert.equal(unknownLevel('level:warn core'), undefined)
  assert.equal(unknownLevel('core'), undefined)
})
