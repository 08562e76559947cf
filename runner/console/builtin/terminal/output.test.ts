import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LiveScreen } from '../pane/live-screen.ts'
import { Canvas } from './canvas.ts'
import { colourDepth, TerminalOutput, type ColourDepth } from './output.ts'
import type { Style } from './style.ts'

const everything: [string, Style][] = [
  ['plain ', {}],
  ['bold', { bold: true }],
  ['dim', { dim: true }],
  ['both', { bold: true, dim: true }],
  ['italic', { italic: true }],
  ['under', { underline: true }],
  ['inverse', { inverse: true }],
  ['strike', { strike: true }],
  ['red', { fg: 1 }],
  ['bright', { fg: 9, bg: 12 }],
  ['palette', { fg: 208, bg: 236 }],
  ['rgb', { fg: { rgb: 0x123456 }, bg: { rgb: 0xfedcba } }],
  ['link', { link: 'https://example.org/ä?x=1' }],
  ['中文', { bg: 4 }],
  ['👍🏽', { fg: 3 }],
  ['👨‍👩‍👧', { bg: 5 }],
  ['❤️', {}],
  ['🇩🇪', {}],
  ['e\u0301', { bold: true }],
  ['ｱ', {}],
]

test('what a canvas holds comes out of a terminal as it went in', async () => {
  await using terminal = await Shown.open(40, 8, 'truecolour')
  const canvas = new Canvas(40, 8)
  drawAll(canvas, 0)
  await terminal.present(canvas)
  terminal.isAs(canvas, 'https://example.org/%C3%A4?x=1')
})

test('whatever changes, the terminal follows', async () => {
  await using terminal = await Shown.open(40, 8, 'truecolour')
  // Numbers that look random, and are the same in every run.
  let seed = 7
  const random = (below: number): number => (seed = (seed * 48_271) % 2_147_483_647) % below
  const canvas = new Canvas(40, 8)
  for (let frame = 0; frame < 200; frame++) {
    if (frame % 37 === 0) canvas.clear()
    for (let changes = random(6); changes >= 0; changes--) {
      const [text, style] = everything[random(everything.length)] ?? ['', {}]
      if (random(4) === 0) {
        const rect = { x: random(40), y: random(8), columns: random(20), rows: random(3) }
        canvas.fill(rect, style, random(2) === 0 ? ' ' : '─')
      } else canvas.text(random(40), random(8), text.repeat(1 + random(3)), style)
    }
    await terminal.present(canvas)
    terminal.isAs(canvas, 'https://example.org/%C3%A4?x=1')
  }
})

test('nothing is written when nothing has changed, and one piece when something has', async () => {
  await using terminal = await Shown.open(40, 8, 'truecolour')
  const canvas = new Canvas(40, 8)
  drawAll(canvas, 0)
  await terminal.present(canvas)
  const [first = ''] = terminal.writes
  assert.ok(first.startsWith('\x1b[?2026h') && first.endsWith('\x1b[?2026l'))
  canvas.clear()
  drawAll(canvas, 0)
  await terminal.present(canvas)
  assert.equal(terminal.writes.length, 1)
  canvas.text(30, 7, 'x')
  await terminal.present(canvas)
  assert.deepEqual(terminal.writes.slice(1), ['\x1b[?2026h\x1b[8;31Hx\x1b[?2026l'])
})

test('only what has changed within a row is written, and blanks at its end as an erasure', async () => {
  await using terminal = await Shown.open(60, 2, 'truecolour')
  const canvas = new Canvas(60, 2)
  canvas.text(0, 0, 'a'.repeat(60))
  await terminal.present(canvas)
  canvas.text(3, 0, 'b')
  canvas.text(40, 0, 'c', { fg: 1 })
  await terminal.present(canvas)
  canvas.fill({ x: 10, y: 0, columns: 50, rows: 1 })
  await terminal.present(canvas)
  assert.deepEqual(terminal.writes.slice(1), [
    '\x1b[?2026h\x1b[1;4Hb\x1b[41G\x1b[31mc\x1b[m\x1b[?2026l',
    '\x1b[?2026h\x1b[1;11H\x1b[K\x1b[?2026l',
  ])
})

test('the last column of the last row does not scroll the screen', async () => {
  await using terminal = await Shown.open(10, 3, 'truecolour')
  const canvas = new Canvas(10, 3)
  canvas.fill({ x: 0, y: 0, columns: 10, rows: 3 }, {}, '#')
  await terminal.present(canvas)
  terminal.isAs(canvas)
  canvas.text(9, 2, '!')
  canvas.text(0, 0, '!')
  await terminal.present(canvas)
  terminal.isAs(canvas)
})

test('after an invalidation everything is written again', async () => {
  await using terminal = await Shown.open(40, 8, 'truecolour')
  const canvas = new Canvas(40, 8)
  drawAll(canvas, 0)
  await terminal.present(canvas)
  await terminal.screen.feed(Buffer.from('\x1b[2J\x1b[Hrubbish\x1b[31m'))
  terminal.output.invalidate()
  await terminal.present(canvas)
  terminal.isAs(canvas, 'https://example.org/%C3%A4?x=1')
})

test('the cursor is shown only where the canvas has one', async () => {
  await using terminal = await Shown.open(10, 3, 'truecolour')
  const canvas = new Canvas(10, 3)
  await terminal.present(canvas)
  canvas.cursor = { x: 4, y: 1 }
  await terminal.present(canvas)
  await terminal.present(canvas)
  canvas.cursor = undefined
  await terminal.present(canvas)
  assert.deepEqual(terminal.writes.slice(1), [
    '\x1b[?2026h\x1b[2;5H\x1b[?25h\x1b[?2026l',
    '\x1b[?2026h\x1b[?25l\x1b[?2026l',
  ])
})

test('colours come as near as the terminal can show them', () => {
  const style: Style = { fg: { rgb: 0xff8700 }, bg: 236, bold: true }
  const expected: [ColourDepth, string][] = [
    ['truecolour', '1;38;2;255;135;0;48;5;236'],
    [256, '1;38;5;208;48;5;236'],
    [16, '1;33;40'],
    ['none', '1'],
  ]
  for (const [depth, sgr] of expected) assert.equal(sgrOf(style, depth), sgr)
  assert.equal(sgrOf({ fg: { rgb: 0x808080 } }, 256), '38;5;244')
  assert.equal(sgrOf({ fg: { rgb: 0xf00000 }, bg: { rgb: 0 } }, 16), '91;40')
  assert.equal(sgrOf({ fg: 244 }, 16), '90')
  assert.equal(sgrOf({ fg: 9, bg: 15 }, 16), '91;107')
  // Two greys that would become one.
  assert.equal(sgrOf({ fg: 245, bg: 244 }, 16), '30;100')
  assert.equal(sgrOf({ fg: 233, bg: 232 }, 16), '97;40')
  assert.equal(sgrOf({ fg: 1, inverse: true, underline: true }, 'none'), '4;7')
})

test('the terminal tells in its environment which colours it has', () => {
  const table: [Record<string, string>, ColourDepth][] = [
    [{ TERM: 'xterm-256color', COLORTERM: 'truecolor' }, 'truecolour'],
    [{ TERM: 'xterm-256color' }, 256],
    [{ TERM: 'tmux-256color' }, 256],
    [{ TERM: 'xterm-kitty' }, 256],
    [{ TERM: 'xterm-direct' }, 'truecolour'],
    [{ TERM: 'xterm' }, 16],
    [{ TERM: 'linux' }, 16],
    [{}, 16],
    [{ TERM: 'vt100' }, 'none'],
    [{ TERM: 'dumb' }, 'none'],
    [{ TERM: 'xterm-256color', COLORTERM: 'truecolor', NO_COLOR: '1' }, 'none'],
    [{ TERM: 'xterm-256color', NO_COLOR: '' }, 256],
  ]
  for (const [env, depth] of table) assert.equal(colourDepth(env), depth, JSON.stringify(env))
})

function drawAll(canvas: Canvas, y: number): void {
  let [x, row] = [0, y]
  for (const [text, style] of everything) {
    if (x + 8 > canvas.columns) [x, row] = [0, row + 1]
    x += canvas.text(x, row, text, style) + 1
  }
}

/** Parameters of the only SGR before the text. */
function sgrOf(style: Style, depth: ColourDepth): string | undefined {
  let written = ''
  const output = new TerminalOutput(bytes => (written += bytes), depth)
  const canvas = new Canvas(10, 1)
  canvas.text(0, 0, 'text', style)
  output.present(canvas)
  // oxlint-disable-next-line no-control-regex
  return /\x1b\[([0-9;]*)mtext/.exec(written)?.[1]
}

/** An output on an emulated terminal. */
class Shown implements AsyncDisposable {
  readonly writes: string[] = []
  readonly output: TerminalOutput
  readonly screen: LiveScreen

  private constructor(screen: LiveScreen, depth: ColourDepth) {
    this.screen = screen
    this.output = new TerminalOutput(bytes => void this.writes.push(bytes), depth)
  }

  static async open(columns: number, rows: number, depth: ColourDepth): Promise<Shown> {
    const screen = await LiveScreen.create(columns, rows)
    return new Shown(screen, depth)
  }

  async present(canvas: Canvas): Promise<void> {
    const before = this.writes.length
    this.output.present(canvas)
    for (const bytes of this.writes.slice(before)) await this.screen.feed(Buffer.from(bytes))
  }

  /** Cell by cell. `link`: as addresses come out. */
  isAs(canvas: Canvas, link?: string): void {
    const seen = new Canvas(canvas.columns, canvas.rows)
    seen.blit({ x: 0, y: 0, columns: canvas.columns, rows: canvas.rows }, this.screen)
    assert.deepEqual(cellsOf(seen), cellsOf(canvas, link))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.screen.close()
    await Promise.resolve()
  }
}

/** As they look: what colour a blank's text would have does not count. */
function cellsOf(canvas: Canvas, link?: string): string[] {
  return Array.from(canvas.codes, (_, at) => {
    const text = canvas.cellText(at)
    const attributes = canvas.attributes[at] ?? 0
    const linked = canvas.links[attributes >>> 8] ?? ''
    const bits = attributes & 0xff
    const blank = text === ' '
    const shown = [text, blank ? 0 : canvas.fg[at], canvas.bg[at], blank ? bits & ~7 : bits]
    return [...shown, linked === '' ? '' : (link ?? linked)].join(' ')
  })
}
