import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { setImmediate as breathe } from 'node:timers/promises'
import { History, type LogSource } from '../pane/history.ts'
import { Canvas, type RowSource } from '../terminal/canvas.ts'
import { lineFilter, searchPattern } from './filter.ts'
import { Finder } from './finder.ts'
import { LinesWindow, type WindowOptions } from './lines-window.ts'

suite('a window on the lines of a log', () => {
  test('follows the end, from the top on while there is room', () => {
    const { log, rows } = windowOn(2, 4)
    assert.deepEqual(rows(), ['line 1', 'line 2', '', ''])
    log.add('line 3', 'line 4', 'line 5')
    assert.deepEqual(rows(), ['line 2', 'line 3', 'line 4', 'line 5'])
  })

  test('scrolled, it stays put and counts what comes; scrolled down to the end, it follows again', () => {
    const { log, window, rows } = windowOn(100, 4)
    rows()
    window.scroll(-10)
    assert.deepEqual(rows(), ['line 87', 'line 88', 'line 89', 'line 90'])
    log.add('line 101', 'line 102', 'line 103')
    assert.deepEqual(rows(), ['line 87', 'line 88', 'line 89', 'line 90'])
    assert.deepEqual(window.position, { following: false, fresh: 3 })
    window.scroll(12)
    assert.deepEqual(rows(), ['line 99', 'line 100', 'line 101', 'line 102'])
    assert.equal(window.position.following, false)
    window.scroll(1)
    assert.deepEqual(window.position, { following: true, fresh: 0 })
    assert.deepEqual(rows(), ['line 100', 'line 101', 'line 102', 'line 103'])
  })

  test('stops at the oldest line; a log that fits on the screen is not scrolled at all', () => {
    const { window, rows } = windowOn(6, 4)
    rows()
    window.scroll(-100)
    assert.deepEqual(rows(), ['line 1', 'line 2', 'line 3', 'line 4'])
    const small = windowOn(3, 4)
    small.rows()
    small.window.scroll(-1)
    assert.equal(small.window.position.following, true)
  })

  test('scrolls by rows, also within a line that has several', () => {
    const { log, window, rows } = windowOn(0, 4, { columns: 4 })
    log.add('aaaabbbbcccc', 'ddddeeee', 'ffff')
    assert.deepEqual(rows(), ['cccc', 'dddd', 'eeee', 'ffff'])
    window.scroll(-1)
    assert.deepEqual(rows(), ['bbbb', 'cccc', 'dddd', 'eeee'])
    assert.deepEqual(window.rowsBetween(0, 3).goesOn, [true, false, true, false])
    window.scroll(-1)
    assert.deepEqual(rows(), ['aaaa', 'bbbb', 'cccc', 'dddd'])
    window.scroll(1)
    assert.deepEqual(rows(), ['bbbb', 'cccc', 'dddd', 'eeee'])
  })

  test('gives the rows of a selection that is larger than the screen, and stays where it is', () => {
    const { window, rows } = windowOn(100, 4)
    rows()
    window.scroll(-10)
    const before = rows()
    const { source } = window.rowsBetween(-3, 5)
    assert.deepEqual(
      textOf(source),
      Array.from({ length: 9 }, (_, index) => `line ${84 + index}`),
    )
    assert.deepEqual(rows(), before)
  })

  test('Home and End', () => {
    const { window, rows } = windowOn(50, 3)
    window.toOldest()
    assert.deepEqual(rows(), ['line 1', 'line 2', 'line 3'])
    window.toNewest()
    assert.deepEqual(rows(), ['line 48', 'line 49', 'line 50'])
  })

  test('a filter shows what matches, goes along with what comes, and scrolls over it alone', () => {
    const { log, window, rows } = windowOn(100, 3, { filter: lineFilter('0$') })
    assert.deepEqual(rows(), ['line 80', 'line 90', 'line 100'])
    log.add('line 101', 'line 110')
    assert.deepEqual(rows(), ['line 90', 'line 100', 'line 110'])
    window.scroll(-2)
    assert.deepEqual(rows(), ['line 70', 'line 80', 'line 90'])
    log.add('line 111', 'line 120', 'line 130')
    rows()
    assert.deepEqual(window.position, { following: false, fresh: 2 })
  })

  test('a filter that matches seldom looks through a long log a piece at a time', () => {
    const { log, window } = windowOn(0, 3, { filter: lineFilter('needle') })
    log.add('a needle')
    log.add(...Array.from({ length: 60_000 }, (_, index) => `nothing to be seen in line ${index} of the hay`))
    let turns = 1
    while (window.prepare()) turns++
    assert.ok(turns > 1, `${turns} turns`)
    assert.deepEqual(textOf(window.view), ['a needle', '', ''])
  })

  test('goes to a line that was found, in the middle; near the end without a gap below', () => {
    const { log, history, window, rows } = windowOn(100, 5)
    const offset = log.offsetOf('line 50')
    window.jump(history.markOf('a', offset), { service: 'a', offset })
    assert.deepEqual(rows(), ['line 48', 'line 49', 'line 50', 'line 51', 'line 52'])
    const last = log.offsetOf('line 99')
    window.jump(history.markOf('a', last), { service: 'a', offset: last })
    assert.deepEqual(rows(), ['line 96', 'line 97', 'line 98', 'line 99', 'line 100'])
    assert.equal(window.position.following, false)
  })
})

suite('a search', () => {
  test('finds the newest first, and goes back and forth as fast as keys come', async () => {
    const { history } = windowOn(1000, 5)
    const finder = await found(history, '00$')
    assert.deepEqual(finder.found, { nth: undefined, total: 10, searching: false })
    finder.take()
    assert.equal(finder.found.nth, 1)
    finder.go('back')
    finder.go('back')
    finder.take()
    assert.equal(finder.found.nth, 3)
    finder.go('forward')
    finder.take()
    assert.equal(finder.found.nth, 2)
    for (let turn = 0; turn < 20; turn++) finder.go('back')
    finder.take()
    assert.equal(finder.found.nth, 10)
  })

  test('through a large log lets the event loop breathe, and ends when it is closed', async () => {
    const { log, history } = windowOn(0, 5)
    log.add(...Array.from({ length: 100_000 }, (_, index) => `line ${index}`))
    let changes = 0
    const finder = new Finder(history, /never/, undefined, () => changes++, assert.ifError)
    await breathe()
    assert.equal(finder.found.searching, true)
    finder.close()
    for (let turn = 0; turn < 5; turn++) await breathe()
    assert.equal(changes, 0)
  })
})

async function found(history: History, typed: string): Promise<Finder> {
  const finder = new Finder(history, searchPattern(typed), undefined, () => undefined, assert.ifError)
  while (finder.found.searching) await breathe()
  return finder
}

function windowOn(
  lines: number,
  rows: number,
  more: { columns?: number; filter?: WindowOptions['filter'] } = {},
) {
  const log = new MemoryLog()
  for (let line = 1; line <= lines; line++) log.add(`line ${line}`)
  const history = new History([{ service: 'a', log }])
  const window = new LinesWindow(history, {
    wrap: true,
    left: 0,
    prefix: () => '',
    filter: more.filter,
    highlight: undefined,
  })
  window.resize(more.columns ?? 60, rows)
  return {
    log,
    history,
    window,
    rows: () => {
      while (window.prepare());
      return textOf(window.view)
    },
  }
}

function textOf(view: RowSource): string[] {
  const canvas = new Canvas(view.columns, view.rows)
  canvas.blit({ x: 0, y: 0, columns: view.columns, rows: view.rows }, view)
  return Array.from({ length: view.rows }, (_, y) =>
    canvas.textOf({ x: 0, y, columns: view.columns, rows: 1 }).trimEnd(),
  )
}

class MemoryLog implements LogSource {
  readonly start = 0
  #bytes = Buffer.alloc(0)

  add(...lines: string[]): void {
    this.#bytes = Buffer.concat([this.#bytes, Buffer.from(lines.map(line => `${line}\r\n`).join(''))])
  }

  offsetOf(line: string): number {
    return this.#bytes.indexOf(`${line}\r\n`)
  }

  get end(): number {
    return this.#bytes.length
  }

  refresh(): void {
    // Nothing else writes it.
  }

  read(offset: number, length: number): Uint8Array {
    return this.#bytes.subarray(offset, offset + length)
  }

  timeAt(): number {
    return 1000
  }

  offsetAt(time: number): number {
    return time > 1000 ? this.end : 0
  }
}
