import { flags, packColour, packFlags, type Style } from './style.ts'
import { joinOf, widthIn, widthOf } from './width.ts'

export { widthOf }

export interface Rect {
  readonly x: number
  readonly y: number
  readonly columns: number
  readonly rows: number
}

/** Something that is drawn row by row: a program's terminal, or lines of the past. */
export interface RowSource {
  readonly columns: number
  readonly rows: number
  /** Draws `columns` cells of its row `y`, at (x, atY); a wide character that would be cut in two becomes a space. */
  drawRow(y: number, into: Canvas, x: number, atY: number, columns: number): void
}

/** In `codes`: the text of the cell has several code points and stands in `clusters`. */
export const cluster = 0x80000000

/** In `attributes`: above the flags stands the number of its link; 0 is none. */
export const linkShift = 8
const mostLinks = 0xffff

/**
 * A grid of cells, and drawing into it: everything is clipped at its edges, and no wide character is ever drawn by half. A
 * wide character has its code in the left cell and 0 in the right one.
 */
export class Canvas {
  readonly columns: number
  readonly rows: number
  /** Where the terminal's cursor is to be seen; nowhere, unless set. */
  cursor: { readonly x: number; readonly y: number } | undefined
  // Cell by cell, row after row, for TerminalOutput. Colours and flags as style.ts packs them.
  readonly codes: Uint32Array
  readonly fg: Uint32Array
  readonly bg: Uint32Array
  readonly attributes: Uint32Array
  /** By the index of the cell; only where `codes` says so. */
  readonly clusters = new Map<number, string>()
  /** By their numbers. */
  readonly links: string[] = ['']
  readonly #linkNumbers = new Map<string, number>([['', 0]])

  constructor(columns: number, rows: number) {
    this.columns = columns
    this.rows = rows
    this.codes = new Uint32Array(columns * rows).fill(space)
    this.fg = new Uint32Array(columns * rows)
    this.bg = new Uint32Array(columns * rows)
    this.attributes = new Uint32Array(columns * rows)
  }

  /** Blank, as a new one. */
  clear(): void {
    this.codes.fill(space)
    this.fg.fill(0)
    this.bg.fill(0)
    this.attributes.fill(0)
    this.clusters.clear()
    this.links.length = 1
    this.#linkNumbers.clear()
    this.#linkNumbers.set('', 0)
    this.cursor = undefined
  }

  /** In one line; control characters are left out. Returns the columns used, at most `maxWidth`. */
  text(x: number, y: number, text: string, style: Style = {}, maxWidth = Infinity): number {
    const fg = packColour(style.fg)
    const bg = packColour(style.bg)
    const attributes = this.attributesOf(style)
    const limit = Math.min(x + maxWidth, this.columns)
    let to = x
    let join = 0
    for (let at = 0; at < text.length; at++) {
      const unit = text.charCodeAt(at)
      if (unit < 0x20 || (unit >= 0x7f && unit < 0xa0)) continue
      const code = unit < 0x300 ? unit : (text.codePointAt(at) ?? unit)
      if (code > 0xffff) at += 1
      const next = joinOf(code, join)
      const width = widthIn(next)
      if ((next & 1) === 0) {
        if (to + width > limit) break
        this.put(to, y, code, width, fg, bg, attributes)
        to += width
      } else if (to > x) {
        const before = widthIn(join)
        // No room for the second half that a variation selector asks for: it stays as it is.
        if (to - before + width > limit) continue
        this.#joinTo(to - before, y, code, before, width)
        to += width - before
      }
      join = next
    }
    return to - x
  }

  fill(rect: Rect, style: Style = {}, char = ' '): void {
    const { x, y, columns, rows } = this.#clipped(rect)
    const fg = packColour(style.fg)
    const bg = packColour(style.bg)
    const attributes = this.attributesOf(style)
    const code = char.codePointAt(0) ?? space
    if (columns === 0) return
    for (let row = y; row < y + rows; row++) {
      const from = row * this.columns + x
      this.put(x, row, code, 1, fg, bg, attributes)
      this.put(x + columns - 1, row, code, 1, fg, bg, attributes)
      this.codes.fill(code, from, from + columns)
      this.fg.fill(fg, from, from + columns)
      this.bg.fill(bg, from, from + columns)
      this.attributes.fill(attributes, from, from + columns)
    }
  }

  /** Its rows from the first on; what it does not fill is blank. */
  blit(rect: Rect, source: RowSource): void {
    const columns = Math.min(rect.columns, source.columns)
    const rows = Math.min(rect.rows, source.rows)
    for (let row = 0; row < rows; row++) source.drawRow(row, this, rect.x, rect.y + row, columns)
    if (columns < rect.columns)
      this.fill({ x: rect.x + columns, y: rect.y, columns: rect.columns - columns, rows })
    if (rows < rect.rows) this.fill({ ...rect, y: rect.y + rows, rows: rect.rows - rows })
  }

  /** Changes only what is told; a wide character at the edge is changed as a whole. */
  restyle(rect: Rect, change: Partial<Style>): void {
    const { x, y, columns, rows } = this.#clipped(rect)
    const on = packFlags(change)
    const off = flagsOff(change)
    const link = change.link === undefined ? undefined : this.linkNumber(change.link)
    for (let row = y; row < y + rows; row++) {
      let from = row * this.columns + x
      let to = from + columns
      if (x > 0 && this.codes[from] === 0) from -= 1
      if (x + columns < this.columns && this.codes[to] === 0) to += 1
      for (let at = from; at < to; at++) {
        if (change.fg !== undefined) this.fg[at] = packColour(change.fg)
        if (change.bg !== undefined) this.bg[at] = packColour(change.bg)
        const kept = ((this.attributes[at] ?? 0) & ~off) | on
        this.attributes[at] = link === undefined ? kept : (kept & 0xff) | (link << linkShift)
      }
    }
  }

  /** What stands there, rows parted by newlines, without blanks at their ends. */
  textOf(rect: Rect): string {
    const { x, y, columns, rows } = this.#clipped(rect)
    const lines: string[] = []
    for (let row = y; row < y + rows; row++) {
      let line = ''
      const from = row * this.columns + x
      for (let at = from; at < from + columns; at++) line += this.cellText(at)
      lines.push(line.trimEnd())
    }
    return lines.join('\n')
  }

  /** Of the cell with this index; nothing for the right half of a wide character. */
  cellText(at: number): string {
    const code = this.codes[at] ?? 0
    if (code === 0) return ''
    return code === cluster ? (this.clusters.get(at) ?? ' ') : String.fromCodePoint(code)
  }

  /** One character; what it covers by half of another one becomes a space. Outside, nothing. */
  put(x: number, y: number, code: number, width: number, fg: number, bg: number, attributes: number): void {
    // Of a character that begins left of the canvas, the right half is a blank.
    if (x === -1 && width === 2) this.put(0, y, space, 1, fg, bg, attributes)
    if (y < 0 || y >= this.rows || x < 0 || x >= this.columns) return
    const at = y * this.columns + x
    const { codes } = this
    if (codes[at] === 0 && x > 0) codes[at - 1] = space
    const whole = width < 2 || x + 1 < this.columns
    codes[at] = whole ? code : space
    this.fg[at] = fg
    this.bg[at] = bg
    this.attributes[at] = attributes
    if (width < 2) {
      if (codes[at + 1] === 0 && x + 1 < this.columns) codes[at + 1] = space
    } else if (whole) {
      if (codes[at + 2] === 0 && x + 2 < this.columns) codes[at + 2] = space
      codes[at + 1] = 0
      this.fg[at + 1] = fg
      this.bg[at + 1] = bg
      this.attributes[at + 1] = attributes
    }
  }

  /** As `put`, of several code points that share a cell. */
  putCluster(
    x: number,
    y: number,
    text: string,
    width: number,
    fg: number,
    bg: number,
    attributes: number,
  ): void {
    if (y < 0 || y >= this.rows || x < 0 || x >= this.columns) return
    this.put(x, y, cluster, width, fg, bg, attributes)
    this.clusters.set(y * this.columns + x, text)
  }

  /** Flags and link, packed. */
  attributesOf(style: Style): number {
    const link = style.link === undefined ? 0 : this.linkNumber(style.link)
    return packFlags(style) | (link << linkShift)
  }

  /** 0 when there are too many of them. */
  linkNumber(link: string): number {
    const known = this.#linkNumbers.get(link)
    if (known !== undefined) return known
    if (this.links.length > mostLinks) return 0
    const number = this.links.push(link) - 1
    this.#linkNumbers.set(link, number)
    return number
  }

  /** Another code point for the cell at (x, y), which may make it wide. */
  #joinTo(x: number, y: number, code: number, before: number, width: number): void {
    if (y < 0 || y >= this.rows || x < 0 || x >= this.columns) return
    const at = y * this.columns + x
    const text = this.cellText(at) + String.fromCodePoint(code)
    const [fg = 0, bg = 0, attributes = 0] = [this.fg[at], this.bg[at], this.attributes[at]]
    if (width > before) this.putCluster(x, y, text, width, fg, bg, attributes)
    else {
      this.codes[at] = cluster
      this.clusters.set(at, text)
    }
  }

  #clipped({ x, y, columns, rows }: Rect): Rect {
    const left = Math.min(Math.max(x, 0), this.columns)
    const top = Math.min(Math.max(y, 0), this.rows)
    return {
      x: left,
      y: top,
      columns: Math.max(0, Math.min(x + columns, this.columns) - left),
      rows: Math.max(0, Math.min(y + rows, this.rows) - top),
    }
  }
}

const space = 32

function flagsOff(change: Partial<Style>): number {
  let off = 0
  for (const [name, flag] of Object.entries(flags))
    if (change[name as keyof typeof flags] === false) off |= flag
  return off
}
