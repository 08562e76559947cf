import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addLine, keptLines, localDay, parseLine, toRows } from './transcript.ts'
import type { TranscriptLine } from './transcript.ts'

const heard = (offset: number, text: string, date = '2026-11-02'): TranscriptLine =>
  parseLine(offset, `${date} 09:14:02.120 < ${text}`)

test('a line is taken apart, and what was spoken told from what was heard', () => {
  assert.deepEqual(parseLine(40, '2026-11-02 09:14:02.120 < Good < morning.'), {
    offset: 40,
    date: '2026-11-02',
    time: '09:14:02.120',
    direction: 'heard',
    text: 'Good < morning.',
  })
  assert.equal(parseLine(40, '2026-11-02 09:14:02.120 > Good morning.').direction, 'spoken')
})

test('a line in another form is shown as it is', () => {
  const line = parseLine(7, '# a note by hand')
  assert.equal(line.text, '# a note by hand')
  assert.equal(line.time, undefined)
})

test('lines that the server repeats after a reconnection are not doubled, and none is lost', () => {
  let lines: readonly TranscriptLine[] = []
  for (const line of [heard(10, 'a'), heard(20, 'b')]) lines = addLine(lines, line)
  const before = lines
  lines = addLine(lines, heard(10, 'a'))
  assert.equal(lines, before, 'nothing changed, so nothing is rendered')
  for (const line of [heard(20, 'b'), heard(30, 'b')]) lines = addLine(lines, line)
  assert.deepEqual(
    lines.map(line => line.text),
    ['a', 'b', 'b'],
  )
})

test('a file that was replaced starts the list anew', () => {
  const lines = addLine(addLine([], heard(10, 'old')), heard(20, 'older'))
  assert.deepEqual(
    addLine(lines, heard(12, 'fresh')).map(line => line.text),
    ['fresh'],
  )
})

test('the list is bounded', () => {
  let lines: readonly TranscriptLine[] = []
  for (let n = 1; n <= keptLines + 5; n++) lines = addLine(lines, heard(n, String(n)))
  assert.equal(lines.length, keptLines)
  assert.equal(lines[0]?.text, '6')
})

test('a separator stands where a day begins, in words', () => {
  const lines = [
    heard(1, 'a', '2026-10-30'),
    heard(2, 'b', '2026-11-01'),
    heard(3, 'c', '2026-11-01'),
    parseLine(4, 'by hand'),
    heard(5, 'd', '2026-11-02'),
  ]
  const shown = toRows(lines, '2026-11-02').map(row => (row.kind === 'date' ? row.words : row.line.text))
  assert.deepEqual(shown, ['Friday 30 October 2026', 'a', 'Yesterday', 'b', 'c', 'by hand', 'Today', 'd'])
})

test('the local day has the form of the transcript', () => {
  assert.equal(localDay(new Date(2026, 0, 5, 23, 59)), '2026-01-05')
})
