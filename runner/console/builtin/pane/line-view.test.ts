import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Canvas, linkShift } from '../terminal/canvas.ts'
import { flags, palette, truecolour } from '../terminal/style.ts'
import type { ShownLine } from './history.ts'
import { LineView, type LineViewOptions } from './line-view.ts'

test('lines are wrapped, wide characters as a whole, and rows that go on stand under their line', () => {
  const { rows, heights } = shown(['abcdefghij', '', '中文字符中文'], {
    columns: 8,
    rows: 7,
    prefix: ({ offset }) => `\x1b[2m${offset}:\x1b[m`,
  })
  assert.deepEqual(rows, ['0:abcdef', '  ghij', '1:', '2:中文字', '  符中文', '', ''])
  assert.deepEqual(heights, [2, 1, 2])
})

test('anchored at the bottom, the last line ends in the last row, and what is out of sight is not laid out', () => {
  const lines = ['one', 'two', 'three three', 'four']
  const { rows, heights, view } = shown(lines, { columns: 6, rows: 4, anchor: 'bottom' })
  assert.deepEqual(
    rows,
    ['two', 'three ', 'three', 'four'].map(row => row.trimEnd()),
  )
  assert.deepEqual(heights, [0, 1, 2, 1])
  assert.deepEqual(
    [0, 1, 2, 3].map(y => [view.lineAt(y)?.line.offset, view.lineAt(y)?.row]),
    [
      [1, 0],
      [2, 0],
      [2, 1],
      [3, 0],
    ],
  )
  assert.deepEqual(shown(lines, { columns: 20, rows: 2, anchor: 'bottom' }).heights, [0, 0, 1, 1])
  assert.deepEqual(shown(['a'], { columns: 20, rows: 3, anchor: 'bottom' }).rows, ['', '', 'a'])
})

test('rows of the anchored line can be scrolled out', () => {
  const lines = ['aaaabbbbcccc', 'dddd']
  assert.deepEqual(shown(lines, { columns: 4, rows: 2, skip: 2 }).rows, ['cccc', 'dddd'])
  assert.deepEqual(shown(lines.slice(0, 1), { columns: 4, rows: 2, anchor: 'bottom', skip: 1 }).rows, [
    'aaaa',
    'bbbb',
  ])
})

test('without wrapping, lines are cut, and can be moved sideways behind their prefix', () => {
  const options = { columns: 8, rows: 2, wrap: false, prefix: () => '| ' }
  assert.deepEqual(shown(['abcdefghij', '中文字符'], options).rows, ['| abcdef', '| 中文字'])
  assert.deepEqual(shown(['abcdefghij', '中文字符'], { ...options, left: 3 }).rows, ['| defghi', '|  字符'])
})

test('of escape sequences, colours and links count; the others leave no trace', () => {
  const { rows, canvas } = shown(
    [
      '\x1b[31mred\x1b[0;1;48;5;20mx\x1b[38;2;1;2;3my\x1b[38:2::4:5:6mz\x1b[39;49;22mw',
      '\x1b[2J\x1b[H\x1b[?25la\x1b]0;title\x07b\x1bPq\x1b\\c\x1b(Bd\x1b]unended',
      '\x1b]8;;https://a.example\x1b\\link\x1b]8;;\x1b\\ no',
      'never\x1b[3',
      'a\x1b🇩b\x1b[1;\x1b[31mc\x1b[5中',
    ],
    { columns: 12, rows: 5 },
  )
  assert.deepEqual(rows, ['redxyzw', 'abcd', 'link no', 'never', 'a🇩bc中'])
  assert.deepEqual(Array.from(canvas.fg.subarray(0, 7)).slice(2), [
    palette | 1,
    0,
    truecolour | 0x010203,
    truecolour | 0x040506,
    0,
  ])
  assert.deepEqual(Array.from(canvas.bg.subarray(2, 7)), [0, palette | 20, palette | 20, palette | 20, 0])
  assert.deepEqual(Array.from(canvas.attributes.subarray(2, 7)), [0, 1, 1, 1, 0])
  const links = Array.from(canvas.attributes.subarray(24, 30)).map(bits => canvas.links[bits >>> linkShift])
  assert.deepEqual(links, [...Array.from({ length: 4 }, () => 'https://a.example'), '', ''])
})

test('a line in which the cursor went to and fro shows its last state', () => {
  const table: [string, string][] = [
    ['10 %\r50 %\r100 %', '100 %'],
    ['working...\r\x1b[Kdone', 'done'],
    ['long text\rab', 'abng text'],
    ['abc\x1b[2K\x1b[1Gx', 'x'],
    ['abc\b\bX', 'aXc'],
    ['a\tb\tc', 'a       b       c'],
    ['a\x1b[3Cb\x1b[2Dc', 'a  cb'],
    ['中文\rx', 'x 文'],
    ['ab\x1b[1Kc', '  c'],
    ['x\x1b[5G\x1b[1K', ''],
    ['e\u0301👨‍👩‍👧❤️x', 'e\u0301👨‍👩‍👧❤️x'],
  ]
  for (const [raw, expected] of table)
    assert.deepEqual(shown([raw], { columns: 30, rows: 1 }).rows, [expected], JSON.stringify(raw))
  assert.deepEqual(shown(['ab\rc'], { columns: 9, rows: 1, prefix: () => '> ' }).rows, ['> cb'])
})

test('hits stand out, those of the current line more, and those in the prefix not at all', () => {
  const { canvas } = shown(['a中ba', 'xa'], {
    columns: 8,
    rows: 2,
    prefix: () => 'a ',
    highlight: /a中|a$/,
    current: { service: 's', offset: 1 },
  })
  const inverse = [...canvas.attributes].map(bits => bits & (flags.inverse | flags.bold))
  assert.deepEqual(inverse.slice(0, 8), [0, 0, 16, 16, 16, 0, 16, 0])
  assert.deepEqual(inverse.slice(8), [0, 0, 0, 17, 0, 0, 0, 0])
})

test('an empty match marks nothing and ends', () => {
  const { canvas } = shown(['abc'], { columns: 4, rows: 1, highlight: /x*/ })
  assert.deepEqual([...canvas.attributes], [0, 0, 0, 0])
})

test('a place smaller than a wide character, or nothing at all, is no trouble', () => {
  assert.deepEqual(shown(['中文'], { columns: 1, rows: 3 }).rows, ['', '', ''])
  assert.deepEqual(shown(['abc'], { columns: 0, rows: 0 }).rows, [])
  assert.deepEqual(shown(['abc'], { columns: 2, rows: 3, prefix: () => '12:00:00 ' }).rows, [
    '12',
    ':0',
    '0:',
  ])
})

function shown(
  texts: readonly string[],
  options: Partial<LineViewOptions> & { columns: number; rows: number },
) {
  const view = new LineView()
  const lines = texts.map((text, offset): ShownLine => ({
    service: 's',
    offset,
    raw: Buffer.from(text),
    kind: 'output',
  }))
  const heights = view.show(lines, { wrap: true, prefix: () => '', left: 0, anchor: 'top', ...options })
  const { columns, rows } = options
  const canvas = new Canvas(columns, rows)
  canvas.blit({ x: 0, y: 0, columns, rows }, view)
  const text = rows === 0 ? [] : canvas.textOf({ x: 0, y: 0, columns, rows }).split('\n')
  return { view, heights, canvas, rows: text }
}
