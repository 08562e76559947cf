import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MemoryLog } from '../../../../test/support/memory-log.ts'
import { LineFinder, type Line } from './line-finder.ts'

const block = 64 * 1024

test('the same lines are found forward and backward', () => {
  const texts = [
    'a\nb\n\nc',
    'a\n',
    '\n',
    'no newline',
    `${'x'.repeat(block - 1)}\n${'y'.repeat(block)}\nz`,
    `${'x'.repeat(block)}\nshort`,
    `one\n${'x'.repeat(5 * block)}\ntwo\n`,
    'x'.repeat(3 * block),
    `${'x'.repeat(10)}\n${'x'.repeat(2 * block + 5)}`,
    Array.from({ length: 5000 }, (_, nth) => 'y'.repeat(nth % 301)).join('\n'),
  ]
  for (const text of texts) {
    const lines = forward(new MemoryLog(text))
    assert.equal(lines.map(({ bytes }) => Buffer.from(bytes).toString()).join(''), text)
    assert.ok(lines.every(({ bytes }) => bytes.length <= 2 * block))
    assert.deepEqual(back(new MemoryLog(text)).toReversed(), lines)
  }
})

test('what was deleted at the begin of the log is no line', () => {
  const log = new MemoryLog(`${'old line\n'.repeat(20_000)}a\nb\n`)
  const finder = new LineFinder(log)
  finder.back(log.end)
  log.start = log.end - 4
  for (const reader of [finder, new LineFinder(log)]) {
    assert.equal(text(reader.forward(0)), 'a\n')
    assert.equal(text(reader.back(log.end)), 'b\n')
    assert.equal(reader.back(log.start), undefined)
  }
})

test('an unfinished line grows', () => {
  const log = new MemoryLog('a\nb')
  const finder = new LineFinder(log)
  assert.equal(text(finder.back(log.end)), 'b')
  log.append('cd\ne')
  assert.equal(text(finder.forward(2)), 'bcd\n')
  assert.equal(text(finder.back(log.end)), 'e')
})

test('the next begin of a line is found from anywhere', () => {
  const finder = new LineFinder(new MemoryLog('abc\nde\nf'))
  const begins = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map(offset => finder.beginFrom(offset))
  assert.deepEqual(begins, [0, 4, 4, 4, 4, 7, 7, 7, 8, 8])
})

test('lines are counted up to a limit', () => {
  const finder = new LineFinder(new MemoryLog('abc\n'.repeat(100_000) + 'x'))
  assert.equal(finder.count(0, 400_001, Infinity), 100_001)
  assert.equal(finder.count(4, 8, Infinity), 1)
  assert.equal(finder.count(8, 8, Infinity), 0)
  assert.equal(finder.count(0, 400_001, 500), 500)
})

function forward(log: MemoryLog): Line[] {
  const finder = new LineFinder(log)
  const lines: Line[] = []
  for (let line = finder.forward(0); line !== undefined; line = finder.forward(line.end)) lines.push(line)
  return lines
}

function back(log: MemoryLog): Line[] {
  const finder = new LineFinder(log)
  const lines: Line[] = []
  for (let line = finder.back(log.end); line !== undefined; line = finder.back(line.start)) lines.push(line)
  return lines
}

function text(line: Line | undefined): string {
  return Buffer.from(line?.bytes ?? []).toString()
}
