import type { History, Mark, Page, ShownLine } from '../pane/history.ts'
import { LineView, type LineViewOptions } from '../pane/line-view.ts'
import type { Position } from '../state.ts'
import type { RowSource } from '../terminal/canvas.ts'
import { FilteredTail } from './filtered-tail.ts'

export type LineFilter = (text: string, line: ShownLine) => boolean

export interface WindowOptions {
  readonly wrap: boolean
  readonly left: number
  readonly prefix: (line: ShownLine) => string
  readonly filter: LineFilter | undefined
  readonly highlight: RegExp | undefined
}

/** Where its first row stands: so many rows of the line behind the mark are scrolled out. */
interface Top {
  readonly mark: Mark
  readonly skip: number
}

/**
 * A window on the lines of a history. It follows the end, or stays put where it was scrolled to and counts what comes.
 * Reads only what it shows, whatever the size of the logs; with a filter that matches seldom, a piece at each `prepare`.
 */
export class LinesWindow {
  readonly #history: History
  readonly view = new LineView()
  readonly #scratch = new LineView()
  #columns = 1
  #rows = 1
  #options: WindowOptions
  #top: Top | undefined
  #current: LineViewOptions['current']
  #tail: FilteredTail | undefined
  #counted: Mark = []
  #fresh = 0
  /** Rows of a scroll towards the past that a filter has not found yet. */
  #owed: { rows: number; from: Mark } | undefined

  constructor(history: History, options: WindowOptions) {
    this.#history = history
    this.#options = options
  }

  get position(): Position {
    return { following: this.#top === undefined, fresh: this.#fresh }
  }

  resize(columns: number, rows: number): void {
    this.#columns = columns
    this.#rows = rows
    this.#tail = undefined
  }

  review(options: WindowOptions): void {
    if (options.filter !== this.#options.filter) {
      this.#tail = undefined
      this.#owed = undefined
    }
    this.#options = options
  }

  /** Lays out what is to be seen. True if there is more to be looked through: then it wants to be called again. */
  prepare(): boolean {
    const more = this.#payOwed()
    this.#countFresh()
    if (this.#top !== undefined) {
      const { lines } = this.#forward(this.#top.mark, this.#rows + 1)
      this.#show(this.view, lines, 'top', this.#rows, this.#top.skip)
      return more
    }
    const { filter } = this.#options
    if (filter === undefined) {
      this.#showEnd(this.#history.back(this.#history.end, { lines: this.#rows }).lines)
      return false
    }
    this.#tail ??= new FilteredTail(this.#history, filter, this.#rows)
    const moreTail = this.#tail.step()
    this.#showEnd(this.#tail.lines)
    return moreTail
  }

  scroll(rows: number): void {
    if (rows < 0) this.#up(-rows)
    else if (this.#top !== undefined) this.#down(rows, this.#top)
  }

  toNewest(): void {
    this.#top = undefined
    this.#owed = undefined
    this.#fresh = 0
    this.#tail = undefined
  }

  toOldest(): void {
    this.#hold({ mark: this.#history.start, skip: 0 })
  }

  /** Shows the line behind a mark in the middle, and marks its hits. */
  jump(mark: Mark, line: { readonly service: string; readonly offset: number }): void {
    this.#current = line
    const above = this.#back(mark, Math.floor(this.#rows / 2))
    this.#hold({ mark: above.start, skip: 0 })
    const below = this.#forward(above.start, this.#rows)
    const rows = this.#layOut(below.lines, 'top', this.#rows, 0)
    if (below.stopped !== 'edge' || sum(rows) >= this.#rows) return
    // Near the end: what it shows is the last screenful, without a gap below.
    this.#show(this.#scratch, this.#back(this.#history.end, this.#rows).lines, 'bottom')
    const top = this.#topOf(this.#scratch)
    if (top !== undefined) this.#hold(top)
  }

  unmark(): void {
    this.#current = undefined
  }

  /**
   * Its rows from one to another, as they are drawn; also such that stand above or below what is to be seen. `goesOn`: the
   * next row belongs to the same line.
   */
  rowsBetween(
    first: number,
    last: number,
  ): { readonly source: RowSource; readonly goesOn: readonly boolean[] } {
    const [top, owed, rows] = [this.#top, this.#owed, last - first + 1]
    const view = new LineView()
    const begin = top ?? this.#topOf(this.view) ?? { mark: this.#history.start, skip: 0 }
    this.#top = begin
    if (first < 0) this.#up(-first)
    const { mark, skip } = this.#top
    const down = Math.max(0, first)
    const lines = this.#forward(mark, rows + down + 1).lines
    this.#show(view, lines, 'top', rows + down, skip)
    this.#top = top
    this.#owed = owed
    const goesOn = Array.from({ length: rows }, (_, row) => (view.lineAt(row + down + 1)?.row ?? 0) > 0)
    const source: RowSource = {
      columns: view.columns,
      rows,
      drawRow: (y, into, x, atY, columns) => view.drawRow(y + down, into, x, atY, columns),
    }
    return { source, goesOn }
  }

  #hold(top: Top): void {
    if (this.#top === undefined) {
      this.#counted = this.#history.end
      this.#fresh = 0
    }
    this.#top = top
  }

  #up(rows: number): void {
    const wasFollowing = this.#top === undefined
    if (wasFollowing) {
      this.prepare()
      const top = this.#topOf(this.view)
      if (top === undefined) return
      this.#hold(top)
    }
    const { mark, skip } = this.#top ?? { mark: this.#history.start, skip: 0 }
    if (skip >= rows) {
      this.#top = { mark, skip: skip - rows }
      return
    }
    this.#top = { mark, skip: 0 }
    const moved = this.#climb(mark, rows - skip)
    // All that there is stands on the screen: then there is nothing to stay at.
    if (wasFollowing && skip === 0 && !moved && this.#owed === undefined) this.toNewest()
  }

  /** Goes up from a mark as far as the lines were found; what a filter's budget left over is owed. */
  #climb(from: Mark, rows: number): boolean {
    const page = this.#back(from, rows)
    const heights = this.#layOut(page.lines, 'bottom', rows, 0)
    let left = rows
    for (let index = page.lines.length - 1; index >= 0 && left > 0; index--) {
      const line = page.lines[index]
      const height = Math.max(1, heights[index] ?? 1)
      if (line === undefined) break
      this.#top = { mark: this.#history.markOf(line.service, line.offset), skip: Math.max(0, height - left) }
      left -= height
    }
    this.#owed = page.stopped === 'budget' && left > 0 ? { rows: left, from: page.start } : undefined
    return page.lines.length > 0
  }

  #payOwed(): boolean {
    const owed = this.#owed
    if (owed === undefined) return false
    this.#climb(owed.from, owed.rows)
    return this.#owed !== undefined
  }

  #down(rows: number, top: Top): void {
    this.#owed = undefined
    const page = this.#forward(top.mark, this.#rows + rows + 1)
    // One row more than is needed tells whether there is one.
    const heights = this.#layOut(page.lines, 'top', this.#rows + rows + top.skip + 1, 0)
    if (page.stopped === 'edge' && sum(heights) - top.skip - rows <= this.#rows) {
      this.toNewest()
      return
    }
    let left = rows + top.skip
    for (const [index, line] of page.lines.entries()) {
      const height = Math.max(1, heights[index] ?? 1)
      if (left < height) {
        this.#top = { mark: this.#history.markOf(line.service, line.offset), skip: left }
        return
      }
      left -= height
    }
  }

  #countFresh(): void {
    if (this.#top === undefined) return
    const { filter } = this.#options
    const end = this.#history.end
    if (filter === undefined) {
      this.#fresh += this.#history.count(this.#counted, end, mostCounted)
      this.#counted = end
      return
    }
    const page = this.#history.forward(this.#counted, { lines: 10_000, filter })
    this.#fresh += page.lines.length
    this.#counted = page.end
  }

  #topOf(view: LineView): Top | undefined {
    for (let y = 0; y < this.#rows; y++) {
      const first = view.lineAt(y)
      if (first === undefined) continue
      const { line, row } = first
      return { mark: this.#history.markOf(line.service, line.offset), skip: row }
    }
    return undefined
  }

  /** As in a terminal: from the top on while there is room, the last ones afterwards. */
  #showEnd(lines: readonly ShownLine[]): void {
    const rows = this.#show(this.view, lines, 'bottom')
    if (sum(rows) < this.#rows) this.#show(this.view, lines, 'top')
  }

  #back(from: Mark, lines: number): Page {
    return this.#history.back(from, { lines, filter: this.#options.filter })
  }

  #forward(from: Mark, lines: number): Page {
    return this.#history.forward(from, { lines, filter: this.#options.filter })
  }

  #layOut(lines: readonly ShownLine[], anchor: 'top' | 'bottom', rows: number, skip: number): number[] {
    return this.#show(this.#scratch, lines, anchor, rows, skip)
  }

  #show(
    view: LineView,
    lines: readonly ShownLine[],
    anchor: 'top' | 'bottom',
    rows = this.#rows,
    skip = 0,
  ): number[] {
    const { wrap, left, prefix, highlight } = this.#options
    const current = this.#current
    return view.show(lines, {
      columns: this.#columns,
      rows,
      wrap,
      left,
      prefix,
      anchor,
      skip,
      highlight,
      current,
    })
  }
}

const mostCounted = 1_000_000

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0)
}
