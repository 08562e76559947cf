import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addOutput, emptyLog, matching, textOf } from './log.ts'

test('lines appear when they are whole, however they were cut on the way', () => {
  const first = addOutput(emptyLog, 'one\ntw')
  assert.deepEqual(first.lines.map(textOf), ['one'])
  const second = addOutput(first, 'o\r\n\nthree')
  assert.deepEqual(second.lines.map(textOf), ['one', 'two', ''])
  assert.deepEqual(
    second.lines.map(({ number }) => number),
    [0, 1, 2],
  )
})

test('the oldest lines go, and the others keep their numbers', () => {
  const text = Array.from({ length: 12 }, (_, n) => `line ${n}\n`).join('')
  const { lines } = addOutput(addOutput(emptyLog, text, 5), 'last\n', 5)
  assert.deepEqual(lines.map(textOf), ['line 8', 'line 9', 'line 10', 'line 11', 'last'])
  assert.deepEqual(lines.at(-1)?.number, 12)
})

test('output without any line end is kept in bounds', () => {
  let log = emptyLog
  for (let n = 0; n < 50; n++) log = addOutput(log, 'x'.repeat(1000))
  assert.ok(log.rest.length <= 10_000)
  assert.ok(log.lines.length >= 4)
})

test('a filter finds words in any case, also over a change of colour', () => {
  const { lines } = addOutput(emptyLog, 'GET \x1b[32m/Api\x1b[0m/rooms\nother\n')
  assert.deepEqual(matching(lines, ' /api/ROOMS ').map(textOf), ['GET /Api/rooms'])
  assert.equal(matching(lines, '').length, 2)
})
