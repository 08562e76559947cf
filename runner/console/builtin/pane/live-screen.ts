import type { IBufferCell, Terminal } from '@xterm/headless'
import { linkShift, type Canvas, type RowSource } from '../terminal/canvas.ts'
import { flags, palette, truecolour } from '../terminal/style.ts'
import { widthOfCode } from '../terminal/width.ts'
import { createEmulator } from './emulator.ts'
import { EndlessSequence } from './endless-sequence.ts'

/** What a program's terminal shows now, as the program meant it: colours, cleared screens, progress bars, the alternate screen. */
export class LiveScreen implements RowSource {
  readonly #terminal: Terminal
  readonly #cell: IBufferCell
  readonly #guard = new EndlessSequence()

  private constructor(terminal: Terminal) {
    this.#terminal = terminal
    this.#cell = terminal.buffer.active.getNullCell()
  }

  /** Loads the terminal emulator (20 ms): to be called after the first frame. */
  static async create(columns: number, rows: number): Promise<LiveScreen> {
    return new LiveScreen(await createEmulator(columns, rows))
  }

  get columns(): number {
    return this.#terminal.cols
  }

  get rows(): number {
    return this.#terminal.rows
  }

  get cursor(): { readonly x: number; readonly y: number } {
    const { cursorX, cursorY } = this.#terminal.buffer.active
    return { x: cursorX, y: cursorY }
  }

  get usesAlternateScreen(): boolean {
    return this.#terminal.buffer.active.type === 'alternate'
  }

  /** Resolves when it shows them; until then the bytes must stay as they are. */
  feed(bytes: Uint8Array): Promise<void> {
    const parts = this.#guard.pass(bytes)
    const last = parts.pop()
    if (last === undefined) return Promise.resolve()
    for (const part of parts) this.#terminal.write(part)
    return new Promise(resolve => this.#terminal.write(last, resolve))
  }

  resize(columns: number, rows: number): void {
    if (columns !== this.columns || rows !== this.rows) this.#terminal.resize(columns, rows)
  }

  drawRow(y: number, into: Canvas, x: number, atY: number, columns: number): void {
    const { active } = this.#terminal.buffer
    const line = active.getLine(active.baseY + y)
    for (let column = 0; column < columns; column++) {
      const cell = line?.getCell(column, this.#cell)
      if (cell === undefined) {
        into.put(x + column, atY, space, 1, 0, 0, 0)
        continue
      }
      const width = cell.getWidth()
      // The right half of the character before.
      if (width === 0) {
        if (column === 0) into.put(x, atY, space, 1, 0, 0, 0)
        continue
      }
      const code = cell.getCode()
      const plain = cell.isAttributeDefault()
      const fg = plain ? 0 : foreground(cell)
      const bg = plain ? 0 : background(cell)
      const attributes = plain ? 0 : this.#attributes(cell, into)
      const at = x + column
      if (code === 0 || cell.isInvisible() !== 0 || column + width > columns)
        into.put(at, atY, space, 1, fg, bg, attributes)
      else if (code < firstMark) into.put(at, atY, code, width, fg, bg, attributes)
      else {
        const text = cell.getChars()
        const first = text.codePointAt(0) ?? space
        // A mark in a cell where nothing was printed.
        if (widthOfCode(first) === 0) into.putCluster(at, atY, ` ${text}`, width, fg, bg, attributes)
        else if (text.length === (first > 0xffff ? 2 : 1)) into.put(at, atY, first, width, fg, bg, attributes)
        else into.putCluster(at, atY, text, width, fg, bg, attributes)
      }
    }
  }

  close(): void {
    this.#terminal.dispose()
  }

  #attributes(cell: IBufferCell, into: Canvas): number {
    const inner = cell as IBufferCell & InnerCell
    const bits = flagsOf(cell)
    const id = ((inner.bg ?? 0) & hasExtended) === 0 ? 0 : (inner.extended?.urlId ?? 0)
    if (id === 0) return bits
    const { _core: core } = this.#terminal as { _core?: { _oscLinkService?: LinkService } }
    const link = core?._oscLinkService?.getLinkData(id)?.uri
    // The emulator takes all that is linked for underlined.
    const own = ((inner.fg ?? 0) & underlined) === 0 ? bits & ~flags.underline : bits
    return link === undefined ? own : own | (into.linkNumber(link) << linkShift)
  }
}

const space = 32
/** The last code point of a cell with several ones is never below it. */
const firstMark = 0x300

function foreground(cell: IBufferCell): number {
  if (cell.isFgDefault()) return 0
  return cell.isFgRGB() ? truecolour | cell.getFgColor() : palette | cell.getFgColor()
}

function background(cell: IBufferCell): number {
  if (cell.isBgDefault()) return 0
  return cell.isBgRGB() ? truecolour | cell.getBgColor() : palette | cell.getBgColor()
}

function flagsOf(cell: IBufferCell): number {
  let bits = 0
  if (cell.isBold() !== 0) bits |= flags.bold
  if (cell.isDim() !== 0) bits |= flags.dim
  if (cell.isItalic() !== 0) bits |= flags.italic
  if (cell.isUnderline() !== 0) bits |= flags.underline
  if (cell.isInverse() !== 0) bits |= flags.inverse
  if (cell.isStrikethrough() !== 0) bits |= flags.strike
  return bits
}

/*
 * The emulator keeps hyperlinks, but its interface has no way to them. Should a later version keep them elsewhere, there are
 * none (and a test fails).
 */
interface InnerCell {
  readonly fg?: number
  readonly bg?: number
  readonly extended?: { readonly urlId?: number }
}

interface LinkService {
  getLinkData(id: number): { readonly uri: string } | undefined
}

/** In `bg`: `extended` is this cell's, and not left from another one. */
const hasExtended = 0x10000000
/** In `fg`. */
const underlined = 0x10000000
