import { contrastTo, reduce, sgrOf, type ColourDepth } from './colour.ts'
import { flags } from './style.ts'

/** The terminal's current colours, properties and link: tells what to write to have others, and no more than that. */
export class Pen {
  readonly #depth: ColourDepth
  /** By the colours that were asked for. */
  readonly #reduced = new Map<number, number>()
  // As the terminal has them now.
  #fg = 0
  #bg = 0
  #flags = 0
  #link = ''

  constructor(depth: ColourDepth) {
    this.#depth = depth
  }

  to(fg: number, bg: number, bits: number, link: string): string {
    const linked = link === this.#link ? '' : this.#toLink(link)
    const back = this.#reduce(bg)
    const near = this.#reduce(fg)
    // Two colours that were different must not become one.
    const front = near === back && near !== 0 && fg !== bg ? contrastTo(back) : near
    if (front === this.#fg && back === this.#bg && bits === this.#flags) return linked
    const parts: string[] = []
    if (bits !== this.#flags) changeFlags(this.#flags, bits, parts)
    if (front !== this.#fg) parts.push(sgrOf(front, false))
    if (back !== this.#bg) parts.push(sgrOf(back, true))
    this.#fg = front
    this.#bg = back
    this.#flags = bits
    return `${linked}\x1b[${front === 0 && back === 0 && bits === 0 ? '' : parts.join(';')}m`
  }

  /** Everything off, whatever it is now. */
  reset(): string {
    this.#fg = this.#bg = this.#flags = 0
    this.#link = ''
    return '\x1b[m\x1b]8;;\x1b\\'
  }

  #toLink(link: string): string {
    this.#link = link
    // Only what an address may hold: anything else could end the sequence.
    return `\x1b]8;;${link.replaceAll(/[^\x21-\x7e]/gu, encode)}\x1b\\`
  }

  #reduce(colour: number): number {
    if (colour === 0 || this.#depth === 'truecolour') return colour
    const known = this.#reduced.get(colour)
    if (known !== undefined) return known
    if (this.#reduced.size > 4096) this.#reduced.clear()
    const reduced = reduce(colour, this.#depth)
    this.#reduced.set(colour, reduced)
    return reduced
  }
}

function encode(char: string): string {
  return char < ' ' || char === '\x7f' ? '' : encodeURI(char.isWellFormed() ? char : '')
}

function changeFlags(from: number, to: number, parts: string[]): void {
  const gone = from & ~to
  let come = to & ~from
  // Bold and dim have one end.
  if ((gone & weight) !== 0) {
    parts.push('22')
    come |= to & weight
  }
  if ((gone & flags.italic) !== 0) parts.push('23')
  if ((gone & flags.underline) !== 0) parts.push('24')
  if ((gone & flags.inverse) !== 0) parts.push('27')
  if ((gone & flags.strike) !== 0) parts.push('29')
  if ((come & flags.bold) !== 0) parts.push('1')
  if ((come & flags.dim) !== 0) parts.push('2')
  if ((come & flags.italic) !== 0) parts.push('3')
  if ((come & flags.underline) !== 0) parts.push('4')
  if ((come & flags.inverse) !== 0) parts.push('7')
  if ((come & flags.strike) !== 0) parts.push('9')
}

const weight = flags.bold | flags.dim
