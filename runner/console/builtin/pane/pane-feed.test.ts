import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Canvas } from '../terminal/canvas.ts'
import { LiveScreen } from './live-screen.ts'
import { PaneFeed } from './pane-feed.ts'

test('pieces are shown in the order in which they came', async () => {
  await using pane = await Pane.open(30, 4)
  pane.print('a', 'one\r\n')
  pane.print('b', 'two\r\n')
  pane.print('a', 'three\r\n')
  assert.equal(pane.feed.pending, 17)
  assert.equal(await pane.show(), 'one\ntwo\nthree\n')
  assert.equal(pane.feed.pending, 0)
  assert.equal(await pane.feed.feed(pane.screen), false)
})

test('a line that one has begun is ended before another one writes, and keeps its colour to itself', async () => {
  await using pane = await Pane.open(30, 4)
  pane.print('a', '\x1b[31mno newline')
  pane.feed.addLine('\x1b[2m○ it stopped\x1b[m\n')
  pane.print('b', 'plain\r\n')
  pane.print('b', '50 %')
  pane.print('b', '\r60 %')
  assert.equal(await pane.show(), 'no newline\n○ it stopped\nplain\n60 %')
  assert.deepEqual(Array.from(pane.canvas.fg.subarray(60, 65)), [0, 0, 0, 0, 0])
})

test('lines that two print in parts at the same time stay whole, as far as their rest has come', async () => {
  await using pane = await Pane.open(30, 5)
  pane.print('a', 'first of a\r\nsecond ')
  pane.print('b', 'first of b\r\nsecond ')
  pane.print('a', 'of a\r\nthird')
  pane.print('b', 'of b\r\n')
  assert.equal(await pane.show(), 'first of a\nsecond of a\nfirst of b\nsecond of b\nthird')
  assert.equal(pane.feed.pending, 0)
})

test('in a flood only its end is read and shown, from the begin of a line on, without the colours of before', async () => {
  await using pane = await Pane.open(30, 3)
  const lines = Array.from({ length: 20_000 }, (_, nth) => `line ${nth}`)
  pane.print('a', `\x1b[31;7m${lines.join('\r\n')}`)
  assert.equal(pane.feed.pending, 64 * 1024)
  assert.equal(await pane.show(), 'line 19997\nline 19998\nline 19999')
  assert.ok(pane.read <= 64 * 1024 + 4096, `${pane.read} bytes were read`)
  assert.deepEqual([...new Set(pane.canvas.fg), ...new Set(pane.canvas.attributes)], [0, 0])
})

test('a flood that stops within a sequence, a character or a scroll region leaves nothing of it', async () => {
  await using pane = await Pane.open(30, 3)
  pane.print('a', 'x\x1b[1;2r\x1b]0;title without end')
  await pane.show()
  pane.print('a', `${'ä'.repeat(100_000)}!`)
  // 65535 bytes of it: the first is the second half of a character.
  const [full, rest] = ['ä'.repeat(30), 'ä'.repeat(32_767 % 30)]
  assert.equal(await pane.show(), `${full}\n${full}\n${rest}!`)
})

test('many small pieces that nobody looks at take no more than the last 64 KiB', async () => {
  await using pane = await Pane.open(30, 3)
  for (let nth = 0; nth < 8000; nth++) pane.print(nth % 2 === 0 ? 'a' : 'b', `line ${nth}\r\n`)
  assert.ok(pane.feed.pending <= 64 * 1024)
  assert.equal(await pane.show(), 'line 7998\nline 7999\n')
})

test('on the alternate screen each byte counts', async () => {
  await using pane = await Pane.open(30, 2)
  pane.print('a', '\x1b[?1049h\x1b[H')
  await pane.show()
  // Only the first bytes print something; the rest moves the cursor about.
  pane.print('a', `first${'\x1b[2;1H'.repeat(60_000)}last`)
  assert.equal(pane.feed.pending, 9 + 6 * 60_000)
  while (pane.feed.pending > 0) await pane.feed.feed(pane.screen)
  assert.equal(await pane.show(), 'first\nlast')
})

test('bytes that were deleted in the meantime are passed over', async () => {
  await using pane = await Pane.open(30, 3)
  pane.feed.add({ service: 'nobody', start: 0, end: 1000 })
  pane.print('a', 'here')
  assert.equal(await pane.show(), 'here\n\n')
  assert.equal(pane.feed.pending, 0)
})

test('what is dropped while the screen is busy leaves no torn line', async () => {
  await using pane = await Pane.open(30, 2)
  const lines = Array.from({ length: 30_000 }, (_, nth) => `line ${nth}\r\n`)
  pane.print('a', lines.slice(0, 100).join(''))
  const fed = pane.feed.feed(pane.screen)
  pane.print('a', lines.slice(100, 29_000).join(''))
  pane.feed.addLine('said')
  await fed
  pane.print('b', lines.slice(29_000).join(''))
  while (pane.feed.pending > 0) await pane.feed.feed(pane.screen)
  assert.equal(await pane.show(), 'line 29999\n')
})

test('asked twice, it feeds once', async () => {
  await using pane = await Pane.open(30, 2)
  pane.print('a', 'x')
  const both = [pane.feed.feed(pane.screen), pane.feed.feed(pane.screen)]
  assert.deepEqual(await Promise.all(both), [true, true])
  assert.equal(await pane.show(), 'x\n')
})

/** A pane with services whose logs are in memory. */
class Pane implements AsyncDisposable {
  readonly screen: LiveScreen
  readonly feed: PaneFeed
  readonly #logs = new Map<string, Buffer>()
  read = 0

  private constructor(screen: LiveScreen) {
    this.screen = screen
    this.feed = new PaneFeed((service, start, length) => {
      const bytes = this.#logs.get(service)?.subarray(start, start + length) ?? Buffer.alloc(0)
      this.read += bytes.length
      return bytes
    })
  }

  static async open(columns: number, rows: number): Promise<Pane> {
    return new Pane(await LiveScreen.create(columns, rows))
  }

  print(service: string, text: string): void {
    const before = this.#logs.get(service) ?? Buffer.alloc(0)
    const after = Buffer.concat([before, Buffer.from(text)])
    this.#logs.set(service, after)
    this.feed.add({ service, start: before.length, end: after.length })
  }

  async show(): Promise<string> {
    await this.feed.feed(this.screen)
    const { columns, rows } = this.screen
    return this.canvas.textOf({ x: 0, y: 0, columns, rows })
  }

  get canvas(): Canvas {
    const { columns, rows } = this.screen
    const canvas = new Canvas(columns, rows)
    canvas.blit({ x: 0, y: 0, columns, rows }, this.screen)
    return canvas
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.screen.close()
    await Promise.resolve()
  }
}
