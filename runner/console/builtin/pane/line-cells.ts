import { flags, palette, truecolour } from '../terminal/style.ts'
import { joinOf, widthIn } from '../terminal/width.ts'

/**
 * One printed line as cells, as wide as it is: of its escape sequences, colours, hyperlinks and movements within the line
 * count; `\r` goes back to its begin, so a progress bar stands as it was last. Used again and again for line after line.
 */
export class LineCells {
  codes = new Uint32Array(256)
  fg = new Uint32Array(256)
  bg = new Uint32Array(256)
  flags = new Uint8Array(256)
  /** Index into `links`, 0 for none. */
  linked = new Uint8Array(256)
  readonly links: string[] = ['']
  /** Texts of cells with several code points (`severalCodes`), by their index. */
  readonly clusters = new Map<number, string>()
  /** Columns in use. */
  length = 0
  #at = 0
  #join = 0
  #fg = 0
  #bg = 0
  #flags = 0
  #link = 0

  /** Starts a new line. */
  clear(): void {
    this.length = this.#at = this.#join = 0
    this.#fg = this.#bg = this.#flags = this.#link = 0
    this.links.length = 1
    this.clusters.clear()
  }

  /** Goes on behind what stands there; colours begin anew, and `\r` does not go before it. */
  add(text: string): void {
    const begin = (this.#at = this.length)
    this.#join = 0
    this.#sgr('')
    for (let at = 0; at < text.length && this.#at < mostColumns; at++) {
      const unit = text.charCodeAt(at)
      if (unit >= 0x20 && unit < 0x7f) this.#print(unit)
      else if (unit === 0x1b) at = this.#escape(text, at, begin)
      else if (unit >= 0xa0) {
        const code = text.codePointAt(at) ?? unit
        if (code > 0xffff) at += 1
        this.#print(code)
      } else this.#control(unit, begin)
    }
  }

  #print(code: number): void {
    const join = joinOf(code, this.#join)
    const width = widthIn(join)
    const before = this.#join
    this.#join = join
    if ((join & 1) === 1) {
      this.#joinTo(code, widthIn(before), width)
      return
    }
    if (this.#at + width > this.codes.length) this.#grow()
    this.#set(this.#at, code)
    if (width === 2) this.#set(this.#at + 1, 0)
    this.#moveTo(this.#at + width)
  }

  #set(at: number, code: number): void {
    // Half of a wide character is no character.
    if (this.codes[at] === 0 && at > 0 && at < this.length && code !== 0) this.codes[at - 1] = space
    if (this.codes[at + 1] === 0 && at + 1 < this.length) this.codes[at + 1] = space
    this.codes[at] = code
    this.fg[at] = this.#fg
    this.bg[at] = this.#bg
    this.flags[at] = this.#flags
    this.linked[at] = this.#link
  }

  #joinTo(code: number, before: number, width: number): void {
    let at = this.#at - Math.max(1, before)
    if (at < 0) return
    if (this.codes[at] === 0 && at > 0) at -= 1
    const text = this.textAt(at) + String.fromCodePoint(code)
    if (text.length > 64) return
    this.codes[at] = severalCodes
    this.clusters.set(at, text)
    if (width <= before || before === 0) return
    if (this.#at + 1 > this.codes.length) this.#grow()
    this.#set(this.#at, 0)
    this.#moveTo(this.#at + 1)
  }

  textAt(at: number): string {
    const code = this.codes[at] ?? 0
    if (code === severalCodes) return this.clusters.get(at) ?? ' '
    return code === 0 ? '' : String.fromCodePoint(code)
  }

  #moveTo(column: number): void {
    this.#at = Math.min(column, mostColumns)
    if (this.#at > this.length) this.length = this.#at
  }

  #control(code: number, begin: number): void {
    this.#join = 0
    if (code === 13) this.#at = begin
    else if (code === 8) this.#at = Math.max(begin, this.#at - 1)
    else if (code === 9) this.#skipTo(this.#at + 8 - ((this.#at - begin) % 8))
  }

  /** Moves there; what was not printed yet before it is blank. */
  #skipTo(column: number): void {
    const to = Math.min(column, mostColumns)
    while (this.codes.length < to) this.#grow()
    for (let at = this.length; at < to; at++) this.#blank(at)
    this.#moveTo(to)
  }

  #blank(at: number): void {
    this.codes[at] = space
    this.fg[at] = this.bg[at] = this.flags[at] = this.linked[at] = 0
  }

  /** Returns the index of the sequence's last character. */
  #escape(text: string, at: number, begin: number): number {
    this.#join = 0
    const kind = text[at + 1] ?? ''
    if (kind === '[') {
      const end = behindRange(text, at + 2, 0x40)
      if (!isFinal(text, end, 0x40)) return end - 1
      this.#csi(text[end] ?? '', text.slice(at + 2, end), begin)
      return end
    }
    if (kind !== '' && ']PX^_'.includes(kind)) {
      stringEnd.lastIndex = at + 2
      const found = stringEnd.exec(text)
      const end = found?.index ?? text.length
      if (kind === ']') this.#osc(text.slice(at + 2, end))
      return found === null ? text.length : end + found[0].length - 1
    }
    const end = behindRange(text, at + 1, 0x30)
    return isFinal(text, end, 0x30) ? end : end - 1
  }

  #csi(final: string, parameters: string, begin: number): void {
    const count = Math.max(1, Number(/^\d+/.exec(parameters)?.[0] ?? 1))
    switch (final) {
      case 'm':
        if (!/[<-?]/.test(parameters)) this.#sgr(parameters)
        break
      case 'C':
        this.#skipTo(this.#at + count)
        break
      case 'D':
        this.#at = Math.max(begin, this.#at - count)
        break
      case 'G':
        this.#skipTo(begin + count - 1)
        this.#at = Math.min(begin + count - 1, mostColumns)
        break
      case 'K': {
        const how = parameters === '' ? '0' : parameters
        const from = how === '0' ? this.#at : begin
        const to = how === '1' ? Math.min(this.#at + 1, this.length) : this.length
        for (let at = from; at < to; at++) this.#blank(at)
        if (how !== '1') this.length = Math.max(this.#at, from)
        break
      }
    }
  }

  #osc(content: string): void {
    const link = /^8;[^;]*;(.*)$/s.exec(content)?.[1]
    if (link === undefined) return
    const known = this.links.indexOf(link)
    this.#link = known !== -1 ? known : this.links.length > 0xff ? 0 : this.links.push(link) - 1
  }

  #sgr(parameters: string): void {
    const parts = parameters.split(';')
    for (let at = 0; at < parts.length; at++) {
      const part = parts[at] ?? ''
      const code = Number(part.split(':', 1)[0])
      if (code === 38 || code === 48) {
        // `38:2::r:g:b` and `38:5:n` are one part, `38;2;r;g;b` and `38;5;n` are several.
        const own = part.includes(':')
        const numbers = (own ? part.split(':').slice(1) : parts.slice(at + 1, at + 5)).map(Number)
        const colour = extendedColour(numbers, own)
        if (!own) at += numbers[0] === 2 ? 4 : 2
        if (colour !== undefined && code === 38) this.#fg = colour
        if (colour !== undefined && code === 48) this.#bg = colour
      } else if (part === '4:0') this.#flags &= ~flags.underline
      else this.#plainSgr(code)
    }
  }

  #plainSgr(code: number): void {
    if (code === 0) this.#fg = this.#bg = this.#flags = 0
    else if (code >= 30 && code < 38) this.#fg = palette | (code - 30)
    else if (code === 39) this.#fg = 0
    else if (code >= 40 && code < 48) this.#bg = palette | (code - 40)
    else if (code === 49) this.#bg = 0
    else if (code >= 90 && code < 98) this.#fg = palette | (code - 82)
    else if (code >= 100 && code < 108) this.#bg = palette | (code - 92)
    else if (code < 30) this.#flags = (this.#flags & ~(ends[code] ?? 0)) | (begins[code] ?? 0)
  }

  #grow(): void {
    const more = <T extends Uint32Array | Uint8Array>(old: T, grown: T): T => {
      grown.set(old)
      return grown
    }
    const size = this.codes.length * 2
    this.codes = more(this.codes, new Uint32Array(size))
    this.fg = more(this.fg, new Uint32Array(size))
    this.bg = more(this.bg, new Uint32Array(size))
    this.flags = more(this.flags, new Uint8Array(size))
    this.linked = more(this.linked, new Uint8Array(size))
  }
}

/** In `codes`: the cell's text stands in `clusters`. */
export const severalCodes = 0x80000000

const space = 32
/** What is further to the right in one line is cut off. */
const mostColumns = 64 * 1024
// oxlint-disable-next-line no-control-regex
const stringEnd = /\x07|\x1b\\|(?=\x1b)|[\x18\x1a]/g

/** The first place from `at` on where no parameter or intermediate character (from 0x20 to below `to`) stands. */
function behindRange(text: string, at: number, to: number): number {
  let end = at
  for (; end < text.length; end++) {
    const code = text.charCodeAt(end)
    if (code < 0x20 || code >= to) break
  }
  return end
}

/** Whether a sequence ends with what stands there; anything else breaks it off, and counts for itself. */
function isFinal(text: string, at: number, from: number): boolean {
  const code = text.charCodeAt(at)
  return code >= from && code < 0x7f
}

const begins: Readonly<Record<number, number>> = {
  1: flags.bold,
  2: flags.dim,
  3: flags.italic,
  4: flags.underline,
  7: flags.inverse,
  9: flags.strike,
  21: flags.underline,
}
const ends: Readonly<Record<number, number>> = {
  22: flags.bold | flags.dim,
  23: flags.italic,
  24: flags.underline,
  27: flags.inverse,
  29: flags.strike,
}

function extendedColour(numbers: readonly number[], own: boolean): number | undefined {
  const [kind] = numbers
  if (kind === 5) return palette | ((numbers[1] ?? 0) & 0xff)
  if (kind !== 2) return undefined
  // With colons there may be a colour space before the three.
  const [red = 0, green = 0, blue = 0] = own && numbers.length > 4 ? numbers.slice(2) : numbers.slice(1)
  return truecolour | ((red & 0xff) << 16) | ((green & 0xff) << 8) | (blue & 0xff)
}
