import { Canvas, cluster, linkShift, type RowSource } from '../terminal/canvas.ts'
import { flags, palette } from '../terminal/style.ts'
import type { ShownLine } from './history.ts'
import { LineCells, severalCodes } from './line-cells.ts'

export interface LineViewOptions {
  readonly columns: number
  readonly rows: number
  readonly wrap: boolean
  /** Before each line, with SGR; its continuation rows are indented by as much. */
  readonly prefix: (line: ShownLine) => string
  /** Columns scrolled to the right, when lines are not wrapped; the prefix stays. */
  readonly left: number
  /** `top`: the first line stands in the first row; `bottom`: the last one ends in the last row. */
  readonly anchor: 'top' | 'bottom'
  /** Rows of the anchored line that are scrolled out, past the anchored edge. */
  readonly skip?: number
  readonly highlight?: RegExp | undefined
  /** The line whose hits stand out more. */
  readonly current?: { readonly service: string; readonly offset: number } | undefined
}

/** Lines of the past as rows of a screen. */
export class LineView implements RowSource {
  readonly #cells = new LineCells()
  #canvas = new Canvas(0, 0)
  #places: ({ readonly line: ShownLine; readonly row: number } | undefined)[] = []

  get columns(): number {
    return this.#canvas.columns
  }

  get rows(): number {
    return this.#canvas.rows
  }

  /**
   * Lays the lines out, as far as they are to be seen. Returns for each of them how many rows it has; 0 for those that are
   * out of sight. The bytes are not needed any more afterwards.
   */
  show(lines: readonly ShownLine[], options: LineViewOptions): number[] {
    const { columns, rows, anchor, skip = 0 } = options
    if (columns === this.columns && rows === this.rows) this.#canvas.clear()
    else this.#canvas = new Canvas(columns, rows)
    this.#places = Array.from({ length: rows }, () => undefined)
    const heights = lines.map(() => 0)
    let y = anchor === 'top' ? -skip : rows + skip
    for (let nth = 0; nth < lines.length; nth++) {
      if (anchor === 'top' ? y >= rows : y <= 0) break
      const index = anchor === 'top' ? nth : lines.length - 1 - nth
      const line = lines[index]
      if (line === undefined) break
      const prefix = this.#layOut(line, options)
      const breaks = this.#breaks(prefix, options)
      const height = breaks.length
      heights[index] = height
      if (anchor === 'bottom') y -= height
      for (const [row, from] of breaks.entries()) {
        const atY = y + row
        if (atY < 0 || atY >= rows) continue
        this.#places[atY] = { line, row }
        this.#drawCells(atY, row, from, breaks[row + 1] ?? this.#cells.length, prefix, options)
      }
      if (anchor === 'top') y += height
    }
    return heights
  }

  /** Which line stands in a row, and which row of it. */
  lineAt(y: number): { readonly line: ShownLine; readonly row: number } | undefined {
    return this.#places[y]
  }

  drawRow(y: number, into: Canvas, x: number, atY: number, columns: number): void {
    const from = this.#canvas
    for (let column = 0; column < columns; column++) {
      const at = y * from.columns + column
      const code = from.codes[at] ?? 0
      if (code === 0 && column > 0) continue
      const width = from.codes[at + 1] === 0 && column + 1 < from.columns ? 2 : 1
      const attributes = from.attributes[at] ?? 0
      const link = attributes >>> linkShift
      const own =
        link === 0 ? attributes : (attributes & 0xff) | (into.linkNumber(from.links[link] ?? '') << linkShift)
      const [fg = 0, bg = 0] = [from.fg[at], from.bg[at]]
      if (code === 0 || column + width > columns) into.put(x + column, atY, space, 1, fg, bg, own)
      else if (code === cluster) into.putCluster(x + column, atY, from.cellText(at), width, fg, bg, own)
      else into.put(x + column, atY, code, width, fg, bg, own)
    }
  }

  /** Into `#cells`; returns the columns of the prefix. */
  #layOut(line: ShownLine, { prefix, highlight, current }: LineViewOptions): number {
    const cells = this.#cells
    cells.clear()
    cells.add(prefix(line))
    const begin = cells.length
    cells.add(decoder.decode(line.raw))
    if (highlight !== undefined) {
      const isCurrent = current?.offset === line.offset && current.service === line.service
      mark(cells, begin, highlight, isCurrent)
    }
    return begin
  }

  /** The cells with which its rows begin. */
  #breaks(prefix: number, { columns, wrap }: LineViewOptions): number[] {
    const breaks = [0]
    if (!wrap) return breaks
    const { codes, length } = this.#cells
    const indent = indentOf(prefix, columns)
    for (let from = columns; from < length; from += columns - indent) {
      // A wide character goes into the next row as a whole.
      if (codes[from] === 0 && columns - indent > 1) from -= 1
      breaks.push(from)
    }
    return breaks
  }

  #drawCells(
    y: number,
    row: number,
    from: number,
    to: number,
    prefix: number,
    { columns, wrap, left }: LineViewOptions,
  ): void {
    const cells = this.#cells
    const indent = row === 0 ? 0 : indentOf(prefix, columns)
    for (let x = indent; x < columns; x++) {
      const at = wrap || x < prefix ? from + x - indent : from + x + left
      if (at >= to) return
      const code = cells.codes[at] ?? 0
      const [fg = 0, bg = 0, bits = 0] = [cells.fg[at], cells.bg[at], cells.flags[at]]
      const link = cells.links[cells.linked[at] ?? 0] ?? ''
      const attributes = link === '' ? bits : bits | (this.#canvas.linkNumber(link) << linkShift)
      const wide = cells.codes[at + 1] === 0 && at + 1 < cells.length
      if (code === 0 || (wide && x + 1 >= columns)) this.#canvas.put(x, y, space, 1, fg, bg, attributes)
      else if (code === severalCodes)
        this.#canvas.putCluster(x, y, cells.textAt(at), wide ? 2 : 1, fg, bg, attributes)
      else this.#canvas.put(x, y, code, wide ? 2 : 1, fg, bg, attributes)
      if (wide && code !== 0) x += 1
    }
  }
}

const space = 32
const decoder = new TextDecoder()

/** Where the prefix is too wide, rows that go on begin at the left. */
function indentOf(prefix: number, columns: number): number {
  return prefix <= columns / 2 ? prefix : 0
}

/** Makes what matches stand out, with colours and without: inverse. */
function mark(cells: LineCells, begin: number, pattern: RegExp, isCurrent: boolean): void {
  let text = ''
  const cellOf: number[] = []
  for (let at = begin; at < cells.length; at++) {
    const part = cells.textAt(at)
    for (let unit = 0; unit < part.length; unit++) cellOf.push(at)
    text += part
  }
  const everywhere = new RegExp(pattern.source, `${pattern.flags.replaceAll(/[gy]/g, '')}g`)
  for (const found of text.matchAll(everywhere)) {
    const end = cellOf[found.index + found[0].length] ?? cells.length
    for (let at = cellOf[found.index] ?? end; found[0] !== '' && at < end; at++) {
      cells.fg[at] = palette | (isCurrent ? 13 : 3)
      cells.bg[at] = palette
      cells.flags[at] = isCurrent ? flags.inverse | flags.bold : flags.inverse
    }
  }
}
