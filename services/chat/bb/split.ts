/**
 * Finds where messages end, byte by byte, so that neither how the bytes are cut into pieces nor what they are matters, and
 * no text has to be kept. Messages tile the file: what lies between two (more empty lines than one) belongs to the second.
 */
export class BbSplitter {
  /** Bytes seen. */
  position = 0
  /** FNV-1a over all of them; a message's end has one, too, so that two versions of a file can be compared. */
  print = 0x811c9dc5
  #lineStart = 0
  #lineStartPrint = this.print
  #line: Line = 'start'
  /** Whether the line has anything but white space and control characters. */
  #solid = false
  #before = 0
  #message: 'none' | 'label' | 'narrative' = 'none'
  /** Behind the empty line that ends the message, unless a continuation follows. */
  #end = -1
  #endPrint = 0

  /** Begins in the middle of a file, where a message ends. */
  static at(offset: number, print: number): BbSplitter {
    const splitter = new BbSplitter()
    splitter.position = splitter.#lineStart = offset
    splitter.print = splitter.#lineStartPrint = print
    return splitter
  }

  /** Calls back for each message of which it is sure that it has ended, which is when the next one begins. */
  feed(chunk: Uint8Array, onEnd: (end: number, print: number) => void): void {
    let { position, print } = this
    let line = this.#line
    let solid = this.#solid
    let before = this.#before
    for (let i = 0; i < chunk.length; i++) {
      const byte = chunk[i] as number
      print = Math.imul(print ^ byte, 0x01000193)
      position++
      if (byte === 10) {
        this.#endLine(line, solid, position, print, onEnd)
        line = 'start'
        solid = false
        before = 0
        continue
      }
      if (byte === 9) {
        if (line === 'start') line = 'continuation'
        else if (line === 'plain') line = before === 58 ? 'label' : 'tabbed'
      } else {
        if (line === 'start') line = 'plain'
        if (byte > 32 && byte !== 127) solid = true
      }
      before = byte
    }
    this.position = position
    this.print = print
    this.#line = line
    this.#solid = solid
    this.#before = before
  }

  /** The last message; an unfinished line counts as a line. Nothing may be fed afterwards. */
  finish(onEnd: (end: number, print: number) => void): void {
    if (this.position > this.#lineStart)
      this.#endLine(this.#line, this.#solid, this.position, this.print, onEnd)
    if (this.#message === 'none') return
    if (this.#end === -1) onEnd(this.position, this.print)
    else onEnd(this.#end, this.#endPrint)
    this.#message = 'none'
  }

  /** The last message if an empty line ends it; a continuation may still follow one day. */
  get closed(): { end: number; print: number } | undefined {
    return this.#message === 'none' || this.#end === -1
      ? undefined
      : { end: this.#end, print: this.#endPrint }
  }

  /** Whether something was fed that is no whole message by now. */
  get torn(): boolean {
    return this.#solid || (this.#message !== 'none' && this.#end === -1)
  }

  #endLine(
    line: Line,
    solid: boolean,
    position: number,
    print: number,
    onEnd: (end: number, print: number) => void,
  ): void {
    const none = this.#message === 'none'
    if (line === 'continuation' && !none) this.#end = -1
    else if (line === 'label') this.#begin('label', onEnd)
    else if (!solid) this.#blank(position, print)
    else if (none || this.#message === 'label' || this.#end !== -1) this.#begin('narrative', onEnd)
    this.#lineStart = position
    this.#lineStartPrint = print
  }

  #blank(position: number, print: number): void {
    if (this.#message === 'none' || this.#end !== -1) return
    this.#end = position
    this.#endPrint = print
  }

  #begin(kind: 'label' | 'narrative', onEnd: (end: number, print: number) => void): void {
    if (this.#message !== 'none') {
      if (this.#end === -1) onEnd(this.#lineStart, this.#lineStartPrint)
      else onEnd(this.#end, this.#endPrint)
    }
    this.#message = kind
    this.#end = -1
  }
}

/** What a line is by its first tab: `plain` has none yet, `tabbed` one with no colon before it. */
type Line = 'start' | 'continuation' | 'label' | 'plain' | 'tabbed'
