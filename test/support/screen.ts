import xterm from '@xterm/headless'
import type { IBuffer, IBufferCell } from '@xterm/headless'

/** A stretch of one row that looks the same: what a picture draws as one text. */
export interface Run {
  readonly column: number
  readonly columns: number
  readonly text: string
  readonly fg: string | undefined
  readonly bg: string | undefined
  readonly bold: boolean
  readonly dim: boolean
  readonly underline: boolean
}

/** A terminal without a screen, read as runs of rows. */
export class Screen {
  columns: number
  rows: number
  readonly #terminal: InstanceType<typeof xterm.Terminal>

  constructor(columns: number, rows: number) {
    this.columns = columns
    this.rows = rows
    this.#terminal = new xterm.Terminal({ cols: columns, rows, scrollback: 0, allowProposedApi: true })
  }

  resize(columns: number, rows: number): void {
    this.columns = columns
    this.rows = rows
    this.#terminal.resize(columns, rows)
  }

  async write(data: string): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#terminal.write(data, resolve)
    await promise
  }

  /** The screen's text, for waiting until something is on it. */
  text(): string {
    const buffer = this.#terminal.buffer.active
    return Array.from({ length: this.rows }, (_, y) =>
      buffer.getLine(buffer.viewportY + y)?.translateToString(true),
    ).join('\n')
  }

  read(): Run[][] {
    const buffer = this.#terminal.buffer.active
    return Array.from({ length: this.rows }, (_, y) => this.#row(buffer, y))
  }

  #row(buffer: IBuffer, y: number): Run[] {
    const line = buffer.getLine(buffer.viewportY + y)
    const runs: Run[] = []
    for (let x = 0; x < this.columns; x++) {
      const cell = line?.getCell(x)
      if (cell === undefined || cell.getWidth() === 0) continue
      const next = look(cell, x)
      const last = runs.at(-1)
      if (last !== undefined && isAlike(last, next))
        runs[runs.length - 1] = { ...last, text: last.text + next.text, columns: last.columns + next.columns }
      else runs.push(next)
    }
    return runs
      .map(run => (run.bg === undefined ? trimmed(run) : run))
      .filter(run => run.text.trim() !== '' || run.bg !== undefined)
  }
}

function look(cell: IBufferCell, column: number): Run {
  const fg = colour(cell.isFgRGB(), cell.isFgPalette(), cell.getFgColor())
  const bg = colour(cell.isBgRGB(), cell.isBgPalette(), cell.getBgColor())
  const inverse = cell.isInverse() !== 0
  return {
    column,
    columns: cell.getWidth(),
    text: cell.getChars() || ' ',
    fg: inverse ? (bg ?? theme.background) : fg,
    bg: inverse ? (fg ?? theme.text) : bg,
    bold: cell.isBold() !== 0,
    dim: cell.isDim() !== 0,
    underline: cell.isUnderline() !== 0,
  }
}

function isAlike(a: Run, b: Run): boolean {
  const same = (['fg', 'bg', 'bold', 'dim', 'underline'] as const).every(key => a[key] === b[key])
  // A gap of several blanks begins a new text, since SVG's white space is not to be relied on.
  return same && !(a.text.endsWith('  ') && b.text !== ' ')
}

/** Without the blanks around, which nobody sees. */
function trimmed(run: Run): Run {
  const start = run.text.length - run.text.trimStart().length
  const text = run.text.trim()
  return { ...run, column: run.column + start, columns: run.columns - (run.text.length - text.length), text }
}

/** The colours of the pictures, a calm dark terminal. */
export const theme = {
  background: '#16181d',
  text: '#d7dae0',
  palette:
    '#3b4048 #e06c75 #98c379 #e5c07b #61afef #c678dd #56b6c2 #d7dae0 #808690 #ef8991 #b1d89a #f0d399 #8cc5f5 #d79be6 #7fcbd5 #ffffff'.split(
      ' ',
    ),
}

function colour(isRgb: boolean, isPalette: boolean, value: number): string | undefined {
  if (isRgb) return `#${value.toString(16).padStart(6, '0')}`
  return isPalette ? paletteColour(value) : undefined
}

/** The xterm palette: 16 of the theme, a cube of 6 x 6 x 6, 24 greys. */
function paletteColour(index: number): string | undefined {
  if (index < 16) return theme.palette[index]
  const hex = (value: number): string => value.toString(16).padStart(2, '0')
  if (index >= 232) return `#${hex(8 + 10 * (index - 232)).repeat(3)}`
  const level = (step: number): string => hex(step === 0 ? 0 : 55 + 40 * step)
  const cube = index - 16
  return `#${level(Math.floor(cube / 36))}${level(Math.floor(cube / 6) % 6)}${level(cube % 6)}`
}
