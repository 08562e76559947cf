import assert from 'node:assert/strict'
import { test } from 'node:test'
import { headLine, parseJournal, pieceLine } from './journal.ts'
import { Pieces } from './pieces.ts'

test('pieces are taken in order, given back, and counted once', () => {
  const pieces = new Pieces(95, 10)
  assert.deepEqual(pieces.take(30), { start: 0, end: 30 })
  assert.deepEqual(pieces.take(5), { start: 30, end: 40 })
  pieces.add(1)
  assert.equal(pieces.front, 0)
  pieces.giveBack({ start: 0, end: 30 })
  assert.deepEqual(pieces.take(Infinity), { start: 0, end: 10 })
  assert.deepEqual(pieces.take(Infinity), { start: 20, end: 30 })
  assert.deepEqual(pieces.take(Infinity), { start: 40, end: 95 })
  assert.equal(pieces.take(Infinity), undefined)
  for (const index of [0, 0, 2, 3, 9]) pieces.add(index)
  assert.equal(pieces.front, 40)
  assert.equal(pieces.written, 45)
  for (const index of [4, 5, 6, 7, 8]) pieces.add(index)
  assert.equal(pieces.front, 95)
  assert.equal(pieces.written, 95)
})

const head = { version: 1, bytes: 95, piece: 10, address: 'ab', validator: '"x"' } as const

test('a journal is read back, and its last line only if it is whole', () => {
  const whole = headLine(head) + pieceLine(3, 0xff) + pieceLine(0, 0xffffffff)
  for (const torn of ['', '1', '1 0000000', '1 00000000']) {
    const journal = parseJournal(whole + torn)
    assert.deepEqual(journal?.head, head)
    assert.deepEqual(
      [...(journal?.pieces ?? [])],
      [
        [3, 0xff],
        [0, 0xffffffff],
      ],
    )
    assert.equal(journal?.end, whole.length)
  }
})

test('what is no journal is none, and lines that are garbage count for nothing', () => {
  for (const text of ['', 'x', '{}\n', 'null\n', JSON.stringify(head), headLine({ ...head, bytes: 0 })])
    assert.equal(parseJournal(text), undefined, text)
  assert.deepEqual(parseJournal(`${headLine(head)}\0\0\n99 00000000\n-1 00000000\n1 0\n`)?.pieces.size, 0)
})
