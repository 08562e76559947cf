import type { LiveScreen } from './live-screen.ts'

export interface Piece {
  readonly service: string
  /** Logical offsets of the service's log. */
  readonly start: number
  readonly end: number
}

/**
 * What waits to be shown in one pane's terminal, in the order in which it came: holds no bytes, only where they stand. When
 * more waits than a screen can hold, only its end is read and shown, from the begin of a line on; a program on the alternate
 * screen gets everything, since there each byte counts.
 */
export class PaneFeed {
  readonly #read: (service: string, start: number, length: number) => Uint8Array
  #items: Item[] = []
  #pending = 0
  /** Something was left out before the first item. */
  #gap = false
  #onAlternate = false
  #writer = ''
  #atLineStart = true
  #feeding: Promise<boolean> | undefined

  /** `read` as LogReader has it: at most `length` bytes from the service's log at `start`. */
  constructor(read: (service: string, start: number, length: number) => Uint8Array) {
    this.#read = read
  }

  /** Bytes that wait. */
  get pending(): number {
    return this.#pending
  }

  add({ service, start, end }: Piece): void {
    if (end <= start) return
    const last = this.#items.at(-1)
    if (last?.type === 'piece' && last.service === service && last.end === start) last.end = end
    else this.#items.push({ type: 'piece', service, start, end })
    this.#pending += end - start
    this.#dropOld()
  }

  /** A line of the supervisor's (with SGR; its newline is optional). */
  addLine(text: string): void {
    const bytes = Buffer.from(`${text.replace(/\r?\n$/, '')}\r\n`)
    this.#items.push({ type: 'line', bytes })
    this.#pending += bytes.length
    this.#dropOld()
  }

  /** Feeds what a frame can take; true if the screen got anything. Called again in between, it is the same one. */
  feed(screen: LiveScreen): Promise<boolean> {
    this.#feeding ??= this.#feed(screen).finally(() => (this.#feeding = undefined))
    return this.#feeding
  }

  async #feed(screen: LiveScreen): Promise<boolean> {
    if (this.#pending === 0) return false
    this.#onAlternate = screen.usesAlternateScreen
    this.#dropOld()
    const parts: Uint8Array[] = []
    if (this.#gap) parts.push(this.#passGap())
    for (let taken = 0; taken < mostInFrame;) {
      const head = this.#items[0]
      if (head === undefined) break
      const torn = !this.#atLineStart && writerOf(head) !== this.#writer && !this.#onAlternate
      const item = (torn ? this.#restOfLine() : undefined) ?? head
      const bytes = this.#take(item, mostInFrame - taken)
      taken += bytes.length
      this.#append(parts, writerOf(item), bytes)
    }
    // In one piece: each has to wait for its turn in the emulator.
    await screen.feed(Buffer.concat(parts))
    this.#onAlternate = screen.usesAlternateScreen
    return true
  }

  /** What comes next does not go on with what the screen has got. */
  #passGap(): Uint8Array {
    const bytes = Buffer.from(`${afterGap}${this.#atLineStart ? '' : '\r\n'}`)
    this.#gap = false
    this.#atLineStart = true
    const head = this.#items[0]
    if (head?.type === 'piece') {
      this.#writer = head.service
      this.#skipToLine(head)
    }
    return bytes
  }

  #append(parts: Uint8Array[], writer: string, bytes: Uint8Array): void {
    if (bytes.length === 0) return
    if (writer !== this.#writer && !this.#onAlternate)
      parts.push(Buffer.from(this.#atLineStart ? '\x1b[m' : '\x1b[m\r\n'))
    this.#writer = writer
    this.#atLineStart = bytes.at(-1) === newline
    parts.push(bytes)
  }

  /**
   * The rest of the line that was begun last, when another one's bytes stand before it: big writes come in parts, and so the
   * lines of two services that print at the same time stay whole.
   */
  #restOfLine(): Piecewise | undefined {
    const next = this.#items.slice(0, furthestRest)
    const at = next.findIndex(item => item.type === 'piece' && item.service === this.#writer)
    const later = this.#items[at]
    if (later?.type !== 'piece') return undefined
    const { service, start } = later
    const end =
      start + this.#read(service, start, Math.min(longestRest, later.end - start)).indexOf(newline) + 1
    if (end === start) return undefined
    const rest: Piecewise = { type: 'piece', service, start, end }
    later.start = end
    if (later.start === later.end) this.#items.splice(at, 1)
    this.#items.unshift(rest)
    return rest
  }

  /** Bytes of the first item from its begin on, which moves behind them. What was deleted in the meantime is passed over. */
  #take(item: Item, most: number): Uint8Array {
    if (item.type === 'line') {
      this.#items.shift()
      this.#pending -= item.bytes.length
      return item.bytes
    }
    const bytes = this.#read(item.service, item.start, Math.min(most, item.end - item.start))
    const taken = bytes.length === 0 ? item.end - item.start : bytes.length
    item.start += taken
    this.#pending -= taken
    if (item.start >= item.end) this.#items.shift()
    return bytes
  }

  /** Behind the first newline; if there is none for long, at least not into the middle of a character. */
  #skipToLine(piece: Piecewise): void {
    const bytes = this.#read(piece.service, piece.start, Math.min(longestRest, piece.end - piece.start))
    let skip = bytes.indexOf(newline) + 1
    if (skip === 0) while (((bytes[skip] ?? 0) & 0xc0) === 0x80) skip += 1
    piece.start += skip
    this.#pending -= skip
    if (piece.start >= piece.end) this.#items.shift()
  }

  /** Keeps the end of what waits. */
  #dropOld(): void {
    const most = this.#onAlternate ? mostOnAlternate : mostOnScreen
    while (this.#pending > most) {
      const [head] = this.#items
      if (head === undefined) return
      const length = head.type === 'line' ? head.bytes.length : head.end - head.start
      const over = this.#pending - most
      if (head.type === 'piece' && length > over) {
        head.start += over
        this.#pending -= over
      } else {
        this.#items.shift()
        this.#pending -= length
      }
      this.#gap = true
    }
  }
}

interface Piecewise {
  readonly type: 'piece'
  readonly service: string
  start: number
  end: number
}

type Item = Piecewise | { readonly type: 'line'; readonly bytes: Uint8Array }

function writerOf(item: Item): string {
  return item.type === 'line' ? supervisor : item.service
}

const mostOnScreen = 64 * 1024
const mostOnAlternate = 8 * 1024 * 1024
/** So much is parsed in about 5 ms. */
const mostInFrame = 256 * 1024
/** A line's rest is not looked for further than this: items, and bytes. */
const furthestRest = 64
const longestRest = 4096
const newline = 10
const supervisor = ''
/** Out of whatever sequence it was in; colours, scroll region and character sets as at the begin (DECSTR). */
const afterGap = '\x18\x1b[!p\x1b[m'
