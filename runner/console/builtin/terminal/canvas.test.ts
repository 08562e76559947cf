import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Canvas } from './canvas.ts'

test('text is clipped at every edge, and the columns used are told', () => {
  const canvas = new Canvas(6, 2)
  assert.equal(canvas.text(3, 0, 'abcdef'), 3)
  assert.equal(canvas.text(-2, 1, 'abcdef'), 6)
  assert.equal(canvas.text(0, 5, 'abc'), 3)
  assert.equal(canvas.text(0, -1, 'abc'), 3)
  assert.equal(rows(canvas), '   abc\ncdef')
  assert.equal(canvas.text(0, 0, 'xyz', {}, 2), 2)
  assert.equal(rows(canvas), 'xy abc\ncdef')
})

test('control characters and escapes are not drawn', () => {
  const canvas = new Canvas(10, 1)
  canvas.text(0, 0, 'a\r\nb\x1b\x07\u009bc')
  assert.equal(rows(canvas), 'abc')
})

test('a wide character is never cut in two', () => {
  const canvas = new Canvas(5, 1)
  assert.equal(canvas.text(0, 0, '中文字'), 4)
  assert.equal(rows(canvas), '中文')
  canvas.text(1, 0, 'x')
  assert.equal(rows(canvas), ' x文')
  canvas.text(2, 0, 'y')
  assert.equal(rows(canvas), ' xy')
  canvas.text(0, 0, '中中')
  canvas.text(1, 0, '文')
  assert.equal(rows(canvas), ' 文')
  canvas.text(0, 0, '中中')
  canvas.fill({ x: 1, y: 0, columns: 2, rows: 1 }, {}, '.')
  assert.equal(rows(canvas), ' ..')
  assert.equal(canvas.text(0, 0, '中', {}, 1), 0)
  canvas.text(-1, 0, '中x')
  assert.equal(rows(canvas), ' x.')
})

test('what belongs to one character stays in one cell', () => {
  const canvas = new Canvas(12, 1)
  assert.equal(canvas.text(0, 0, 'e\u0301👨‍👩‍👧❤️🇩🇪x'), 8)
  assert.deepEqual(
    [0, 1, 2, 3, 5, 7].map(at => canvas.cellText(at)),
    ['e\u0301', '👨‍👩‍👧', '', '❤️', '🇩🇪', 'x'],
  )
  canvas.text(2, 0, '-')
  assert.equal(rows(canvas), 'e\u0301 -❤️🇩🇪x')
})

test('a variation selector that has no room for a second column changes nothing', () => {
  const canvas = new Canvas(2, 1)
  assert.equal(canvas.text(1, 0, '❤️'), 1)
  assert.equal(rows(canvas), ' ❤')
})

test('restyling changes what it is told, a wide character as a whole', () => {
  const canvas = new Canvas(6, 1)
  canvas.text(0, 0, 'a中b', { fg: 2, bold: true, underline: true })
  canvas.restyle({ x: 2, y: 0, columns: 1, rows: 1 }, { inverse: true, underline: false, bg: 4 })
  assert.deepEqual([...canvas.attributes], [9, 17, 17, 9, 0, 0])
  assert.equal(canvas.fg[1], canvas.fg[0])
  assert.equal(canvas.bg[1], canvas.bg[2])
  assert.equal(canvas.bg[3], 0)
})

test('a source smaller than its rectangle leaves blanks', () => {
  const canvas = new Canvas(6, 3)
  canvas.fill({ x: 0, y: 0, columns: 6, rows: 3 }, {}, '#')
  const source = {
    columns: 2,
    rows: 1,
    drawRow: (_y: number, into: Canvas, x: number, atY: number) => void into.text(x, atY, 'ab'),
  }
  canvas.blit({ x: 1, y: 0, columns: 4, rows: 2 }, source)
  assert.equal(rows(canvas), '#ab  #\n#    #\n######')
})

function rows(canvas: Canvas): string {
  return canvas.textOf({ x: 0, y: 0, columns: canvas.columns, rows: canvas.rows })
}
