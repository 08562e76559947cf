import { Canvas, cluster, linkShift } from './canvas.ts'
import type { ColourDepth } from './colour.ts'
import { Pen } from './pen.ts'
import { flags } from './style.ts'
import { widthOf } from './width.ts'

export { colourDepth, type ColourDepth } from './colour.ts'

/**
 * Brings a terminal from what it shows to what a canvas holds: one write a frame, inside synchronized output, of the cells
 * that differ; nothing when none does. Expects the alternate screen, a hidden cursor and no automatic wrap (TerminalSession).
 */
export class TerminalOutput {
  readonly #write: (bytes: string) => void
  readonly #pen: Pen
  #shown = new Canvas(0, 0)
  #cursor: Canvas['cursor']
  #all = true
  // Where the terminal's cursor is while a frame is written; a column of -1: not known.
  #x = -1
  #y = -1

  constructor(write: (bytes: string) => void, colours: ColourDepth) {
    this.#write = write
    this.#pen = new Pen(colours)
  }

  present(canvas: Canvas): void {
    let frame = ''
    // Links that were shown once are not kept for ever.
    if (this.#shown.links.length > canvas.codes.length + 4096) this.#all = true
    if (this.#all || canvas.columns !== this.#shown.columns || canvas.rows !== this.#shown.rows) {
      this.#shown = new Canvas(canvas.columns, canvas.rows)
      this.#all = false
      frame = `${this.#pen.reset()}\x1b[2J`
    }
    this.#y = -1
    for (let y = 0; y < canvas.rows; y++) frame += this.#row(canvas, y)
    const { cursor } = canvas
    const moved = cursor?.x !== this.#cursor?.x || cursor?.y !== this.#cursor?.y
    if (frame === '' && !moved) return
    if (frame !== '') frame += this.#pen.to(0, 0, 0, '')
    if (this.#cursor !== undefined) frame = `\x1b[?25l${frame}`
    if (cursor !== undefined) frame += `\x1b[${cursor.y + 1};${cursor.x + 1}H\x1b[?25h`
    this.#cursor = cursor
    this.#write(`\x1b[?2026h${frame}\x1b[?2026l`)
  }

  /** What the terminal shows isn't known any more: the next frame is written whole. */
  invalidate(): void {
    this.#all = true
  }

  #row(canvas: Canvas, y: number): string {
    const shown = this.#shown
    const begin = y * canvas.columns
    const end = begin + canvas.columns
    let from = begin
    while (from < end && same(shown, canvas, from)) from += 1
    if (from === end) return ''
    let to = end
    while (same(shown, canvas, to - 1)) to -= 1
    // What a terminal has made of such a character may reach further than we think.
    const whole = hasDoubtful(canvas, begin, end) || hasDoubtful(shown, begin, end)
    if (whole) to = end
    let text = ''
    while (from < to) {
      // A wide character is written whole.
      if (canvas.codes[from] === 0 && from > begin) from -= 1
      let last = from
      let equal = 0
      for (let at = from + 1; at < to && equal < worthSkipping; at++) {
        if (!whole && same(shown, canvas, at)) equal += 1
        else {
          last = at
          equal = 0
        }
      }
      text += this.#span(canvas, y, from, last + 1)
      from = last + 1
      while (from < to && same(shown, canvas, from)) from += 1
    }
    copyRow(canvas, shown, begin, end)
    return text
  }

  /** Cells `from` to `to` (by index) of row `y`. */
  #span(canvas: Canvas, y: number, from: number, to: number): string {
    const { columns, codes } = canvas
    const begin = y * columns
    let filled = to
    if (to === begin + columns) while (filled > from && isBlank(canvas, filled - 1)) filled -= 1
    // Erasing costs a few bytes itself.
    if (to - filled < 4) filled = to
    let text = ''
    for (let at = from; at < filled; at++) {
      const code = codes[at] ?? 0
      const x = at - begin
      // The right half of what was just written.
      if (code === 0 && at > from) continue
      const style = this.#style(canvas, at)
      const wide = codes[at + 1] === 0 && x + 1 < columns
      if (isDoubtful(code)) {
        // Blanks first: should the terminal take it for narrower than we do, nothing old is left beside it.
        text +=
          this.#to(x, y) +
          style +
          (wide ? `  \x1b[${x + 1}G` : '') +
          fitting(canvas.cellText(at), wide ? 2 : 1)
        this.#x = -1
        continue
      }
      text += this.#to(x, y) + style + (code === 0 ? ' ' : String.fromCodePoint(code))
      this.#x += wide ? 2 : 1
      // In the last column terminals differ in where the cursor is now.
      if (this.#x >= columns) this.#x = -1
    }
    if (filled < to) text += `${this.#to(filled - begin, y)}${this.#pen.to(0, 0, 0, '')}\x1b[K`
    return text
  }

  #style(canvas: Canvas, at: number): string {
    const attributes = canvas.attributes[at] ?? 0
    const link = canvas.links[attributes >>> linkShift] ?? ''
    return this.#pen.to(canvas.fg[at] ?? 0, canvas.bg[at] ?? 0, attributes & 0xff, link)
  }

  #to(x: number, y: number): string {
    if (y === this.#y && x === this.#x) return ''
    const move = y === this.#y ? `\x1b[${x + 1}G` : x === 0 ? `\x1b[${y + 1}H` : `\x1b[${y + 1};${x + 1}H`
    this.#x = x
    this.#y = y
    return move
  }
}

/** So many equal cells cost about as much as a movement of the cursor. */
const worthSkipping = 8

function same(one: Canvas, other: Canvas, at: number): boolean {
  const code = one.codes[at]
  const attributes = one.attributes[at] ?? 0
  const others = other.attributes[at] ?? 0
  if (code !== other.codes[at] || one.fg[at] !== other.fg[at] || one.bg[at] !== other.bg[at]) return false
  if (attributes !== others || attributes >>> linkShift !== 0) {
    if ((attributes & 0xff) !== (others & 0xff)) return false
    if (one.links[attributes >>> linkShift] !== other.links[others >>> linkShift]) return false
  }
  return code !== cluster || one.clusters.get(at) === other.clusters.get(at)
}

function copyRow(from: Canvas, to: Canvas, begin: number, end: number): void {
  to.codes.set(from.codes.subarray(begin, end), begin)
  to.fg.set(from.fg.subarray(begin, end), begin)
  to.bg.set(from.bg.subarray(begin, end), begin)
  for (let at = begin; at < end; at++) {
    const attributes = from.attributes[at] ?? 0
    const link = from.links[attributes >>> linkShift] ?? ''
    to.attributes[at] =
      link === '' ? attributes & 0xff : (attributes & 0xff) | (to.linkNumber(link) << linkShift)
    if (from.codes[at] === cluster) to.clusters.set(at, from.clusters.get(at) ?? ' ')
  }
}

/** Terminals do not agree on the width of characters that are joined, nor of the newer emoji. */
function isDoubtful(code: number): boolean {
  return code >= 0x1f000
}

function hasDoubtful(canvas: Canvas, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if (isDoubtful(canvas.codes[at] ?? 0)) return true
  return false
}

/** Marks that came to a character later may ask for more columns than its cell has: then it goes without them. */
function fitting(text: string, columns: number): string {
  return widthOf(text) === columns ? text : String.fromCodePoint(text.codePointAt(0) ?? 32)
}

/** Looks as an erased cell does. */
function isBlank(canvas: Canvas, at: number): boolean {
  return canvas.codes[at] === 32 && canvas.bg[at] === 0 && ((canvas.attributes[at] ?? 0) & ~invisible) === 0
}

/** Flags that make no difference to a blank, and no link. */
const invisible = flags.bold | flags.dim | flags.italic
