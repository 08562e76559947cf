import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Canvas, linkShift } from '../terminal/canvas.ts'
import { flags, palette, truecolour } from '../terminal/style.ts'
import { LiveScreen } from './live-screen.ts'

test('a progress bar shows its last state, a cleared screen nothing of before', async () => {
  await using shown = await Shown.of(20, 3, 'one\r\n 10 %\r 20 %\r100 %')
  assert.equal(shown.text, 'one\n100 %\n')
  await shown.feed('\x1b[2J\x1b[Hnew')
  assert.equal(shown.text, 'new\n\n')
})

test('the end of what was printed is what is seen', async () => {
  await using shown = await Shown.of(20, 3, 'a\r\nb\r\nc\r\nd\r\ne')
  assert.equal(shown.text, 'c\nd\ne')
})

test('the alternate screen comes and goes, and is told', async () => {
  await using shown = await Shown.of(20, 3, 'before')
  await shown.feed('\x1b[?1049h\x1b[2;3Htop')
  assert.equal(shown.screen.usesAlternateScreen, true)
  assert.equal(shown.text, '\n  top\n')
  await shown.feed('\x1b[?1049l')
  assert.equal(shown.screen.usesAlternateScreen, false)
  assert.equal(shown.text, 'before\n\n')
})

test('programs keep all of their colours', async () => {
  await using shown = await Shown.of(
    20,
    1,
    '\x1b[38;2;1;2;3;48;5;200mA\x1b[0;31;1mB\x1b[0;92;3;4;9mC\x1b[0;7;2mD\x1b[0;8mE\x1b[0mF',
  )
  const { canvas } = shown
  assert.equal(shown.text, 'ABCD F')
  assert.deepEqual(Array.from(canvas.fg.subarray(0, 6)), [
    truecolour | 0x010203,
    palette | 1,
    palette | 10,
    0,
    0,
    0,
  ])
  assert.deepEqual(Array.from(canvas.bg.subarray(0, 6)), [palette | 200, 0, 0, 0, 0, 0])
  assert.deepEqual(Array.from(canvas.attributes.subarray(0, 6)), [
    0,
    flags.bold,
    flags.italic | flags.underline | flags.strike,
    flags.inverse | flags.dim,
    0,
    0,
  ])
})

test('emoji, families, flags and marks are one character each, as wide as they look', async () => {
  await using shown = await Shown.of(20, 1, '👍👨‍👩‍👧🇩🇪❤️e\u0301中x')
  assert.equal(shown.text, '👍👨‍👩‍👧🇩🇪❤️e\u0301中x')
  assert.deepEqual(
    [0, 2, 4, 6, 8, 9, 11].map(at => shown.canvas.cellText(at)),
    ['👍', '👨‍👩‍👧', '🇩🇪', '❤️', 'e\u0301', '中', 'x'],
  )
})

test('a mark that stands alone has a blank to stand on', async () => {
  await using shown = await Shown.of(20, 1, '\x1b[5G\u0301\x1b[8Gx')
  assert.equal(shown.canvas.cellText(3), ' \u0301')
  assert.equal(shown.canvas.cellText(7), 'x')
})

test('a wide character that has no room in its place is a space', async () => {
  await using shown = await Shown.of(6, 1, 'abc中x')
  const canvas = new Canvas(8, 1)
  canvas.blit({ x: 1, y: 0, columns: 4, rows: 1 }, shown.screen)
  canvas.text(5, 0, '|')
  assert.equal(canvas.textOf({ x: 0, y: 0, columns: 8, rows: 1 }), ' abc |')
})

test('hyperlinks are kept, and only where they are', async () => {
  await using shown = await Shown.of(
    20,
    1,
    '\x1b]8;;https://a.example\x1b\\ab\x1b]8;;\x1b\\c\x1b[4md\x1b[24m\x1b]8;;https://b.example\x07\x1b[31me\x1b]8;;\x07f',
  )
  const { attributes, links } = shown.canvas
  const linked = Array.from(attributes.subarray(0, 6)).map(bits => links[bits >>> linkShift])
  assert.deepEqual(linked, ['https://a.example', 'https://a.example', '', '', 'https://b.example', ''])
  assert.deepEqual(
    Array.from(attributes.subarray(0, 6)).map(bits => bits & flags.underline),
    [0, 0, 0, flags.underline, 0, 0],
  )
})

test('a taller place gets back what was scrolled out', async () => {
  await using shown = await Shown.of(20, 2, 'a\r\nb\r\nc\r\nd')
  shown.screen.resize(20, 4)
  assert.equal(shown.text, 'a\nb\nc\nd')
  shown.screen.resize(10, 3)
  assert.equal(shown.text, 'b\nc\nd')
})

test('a sequence without end is broken off and takes no memory', async () => {
  for (const begin of ['\x1b]0;', '\x1b]52;c;', '\x1bP', '\x1b_']) {
    await using shown = await Shown.of(20, 2, `old\r\n${begin}`)
    const chunk = Buffer.alloc(65_536, 'x')
    for (let count = 0; count < 20; count++) await shown.screen.feed(chunk)
    await shown.feed('still in it\r\nafter\r\nit')
    assert.equal(shown.text, 'after\nit', begin)
  }
})

test('an absurd number of repetitions does not stop everything', async () => {
  await using shown = await Shown.of(20, 2, 'one\r\ntwo')
  for (const final of 'LMSTbIZ@PXABCDGd') await shown.feed(`\x1b[999999999${final}`)
  await shown.feed('\x1b[2J\x1b[Hstill here')
  assert.equal(shown.text, 'still here\n')
})

class Shown implements AsyncDisposable {
  readonly screen: LiveScreen

  private constructor(screen: LiveScreen) {
    this.screen = screen
  }

  static async of(columns: number, rows: number, bytes: string): Promise<Shown> {
    const shown = new Shown(await LiveScreen.create(columns, rows))
    await shown.feed(bytes)
    return shown
  }

  async feed(bytes: string): Promise<void> {
    await this.screen.feed(Buffer.from(bytes))
  }

  get canvas(): Canvas {
    const { columns, rows } = this.screen
    const canvas = new Canvas(columns, rows)
    canvas.blit({ x: 0, y: 0, columns, rows }, this.screen)
    return canvas
  }

  get text(): string {
    const { columns, rows } = this.screen
    return this.canvas.textOf({ x: 0, y: 0, columns, rows })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.screen.close()
    await Promise.resolve()
  }
}
