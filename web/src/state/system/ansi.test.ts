import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseLine, plainStyle } from './ansi.ts'

const textOf = (line: string): string =>
  parseLine(line, plainStyle)
    .runs.map(({ text }) => text)
    .join('')
const tonesOf = (line: string) =>
  parseLine(line, plainStyle).runs.map(({ text, style }) => [text, style.tone])

test('colours become the tones of the page, and go on in the next line', () => {
  assert.deepEqual(tonesOf('a \x1b[31mb\x1b[39m \x1b[92mc\x1b[0md'), [
    ['a ', 'plain'],
    ['b', 'bad'],
    [' ', 'plain'],
    ['c', 'good'],
    ['d', 'plain'],
  ])
  const first = parseLine('\x1b[1;33mwarn', plainStyle)
  assert.deepEqual(first.style, { tone: 'waiting', bold: true })
  assert.deepEqual(parseLine('more', first.style).runs, [{ text: 'more', style: first.style }])
})

test('dim is soft until it is normal again', () => {
  assert.deepEqual(tonesOf('\x1b[2mtime\x1b[22m text'), [
    ['time', 'soft'],
    [' text', 'plain'],
  ])
})

test('colours of 256 and 16 million are left alone, and their numbers mean nothing else', () => {
  assert.deepEqual(tonesOf('\x1b[38;5;31mx\x1b[38;2;1;31;33my\x1b[31mz'), [
    ['x', 'plain'],
    ['y', 'plain'],
    ['z', 'bad'],
  ])
  assert.deepEqual(tonesOf('\x1b[4:3mx'), [['x', 'plain']])
})

test('other sequences, and what a terminal does not show, are left out', () => {
  assert.equal(
    textOf('\x1b[2J\x1b[1;1Ha\x1b]0;title\x07b\x1b]8;;http://x\x1b\\c\x1b(Bd\x07\x00e\tf'),
    'abcde\tf',
  )
})

test('a sequence that is cut off by the end of the line is no text', () => {
  assert.equal(textOf('a\x1b[31'), 'a')
  assert.equal(textOf('a\x1b'), 'a')
  assert.equal(textOf('a\x1b]0;title'), 'a')
})

test('a line that was written over shows what was written last', () => {
  assert.equal(textOf('10 %\r50 %\r100 %\r'), '100 %')
})

test('HTML stays text', () => {
  assert.equal(textOf('<img src=x onerror=alert(1)>'), '<img src=x onerror=alert(1)>')
})
