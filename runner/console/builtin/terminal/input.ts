import { StringDecoder } from 'node:string_decoder'
import { keyOfControl, keyOfSequence } from './key-sequences.ts'

export type InputEvent =
  | {
      readonly type: 'key'
      /** `a`, `A`, `ä`, ` `, `enter`, `escape`, `tab`, `backspace`, `delete`, `up`, `pageup`, `home`, `f1` … */
      readonly key: string
      /** What it types; empty for keys that type nothing. */
      readonly text: string
      readonly ctrl: boolean
      readonly alt: boolean
      readonly shift: boolean
      /** As they came, for a service's terminal. */
      readonly bytes: string
    }
  | {
      readonly type: 'mouse'
      readonly action: 'press' | 'release' | 'drag' | 'wheel-up' | 'wheel-down'
      /** Left, middle, right. */
      readonly button: 0 | 1 | 2
      /** From 0. */
      readonly x: number
      readonly y: number
      readonly shift: boolean
      readonly ctrl: boolean
    }
  | { readonly type: 'paste'; readonly text: string }
  /** The terminal's answer to the question for its background. */
  | { readonly type: 'background'; readonly light: boolean }

/** Bytes of a terminal in, events out; sequences that it does not know are swallowed whole, never taken for text. */
export class InputDecoder {
  readonly #utf8 = new StringDecoder('utf8')
  /** What has come and cannot be told yet: the begin of a sequence. */
  #rest = ''
  /** Inside of a bracketed paste: its text so far. */
  #paste: string | undefined

  /** Whether a sequence has begun and not ended: then `flush` is due 30 ms after the last bytes. */
  get waiting(): boolean {
    return this.#rest !== '' && this.#paste === undefined
  }

  decode(bytes: Uint8Array): InputEvent[] {
    return this.#take(this.#rest + this.#utf8.write(bytes), false)
  }

  /** Nothing more belongs to what has begun: a lone ESC was the key. */
  flush(): InputEvent[] {
    return this.waiting ? this.#take(this.#rest, true) : []
  }

  #take(input: string, final: boolean): InputEvent[] {
    const events: InputEvent[] = []
    let rest = input
    while (rest !== '') {
      if (this.#paste !== undefined) {
        const end = rest.indexOf(pasteEnd)
        // The end may have come in part.
        const text =
          end === -1 ? rest.slice(0, Math.max(0, rest.length - pasteEnd.length + 1)) : rest.slice(0, end)
        this.#paste = (this.#paste + text).slice(0, longestPaste)
        if (end === -1) {
          rest = rest.slice(text.length)
          break
        }
        events.push({ type: 'paste', text: this.#paste })
        this.#paste = undefined
        rest = rest.slice(end + pasteEnd.length)
        continue
      }
      const found = next(rest, final)
      if (found === undefined) break
      if (found.event === 'paste') this.#paste = ''
      else if (found.event !== undefined) events.push(found.event)
      rest = rest.slice(found.length)
    }
    this.#rest = rest
    return events
  }
}

const escape = '\x1b'
const pasteEnd = '\x1b[201~'
const longestPaste = 1024 * 1024
const longestSequence = 4096

interface Found {
  /** Characters of the input that it took. */
  readonly length: number
  readonly event: InputEvent | 'paste' | undefined
}

/** What the input begins with; undefined if more has to come (and `final` does not rule that out). */
function next(input: string, final: boolean): Found | undefined {
  const first = input[0] ?? ''
  if (first !== escape) return character(input)
  const second = input[1]
  if (second === undefined) return final ? key(escape, { key: 'escape' }) : undefined
  if (second === '[') return csi(input, final)
  if (second === 'O') return ss3(input, final)
  if (']P_^X'.includes(second)) return string(input, final)
  if (second === escape) {
    // rxvt sends Alt and an arrow so; two single ones, as a person types them, come apart.
    if (input.length === 2 && !final) return undefined
    if (input[2] !== '[' && input[2] !== 'O') return key(escape, { key: 'escape' })
    const inner = next(input.slice(1), final)
    return inner === undefined ? undefined : withAlt(inner)
  }
  return withAlt(character(input.slice(1)))
}

function character(input: string): Found {
  const code = input.codePointAt(0) ?? 0
  const char = String.fromCodePoint(code)
  if (code < 0x20 || code === 0x7f) return key(char, keyOfControl(code))
  if (code >= 0x80 && code < 0xa0) return { length: char.length, event: undefined }
  return key(char, { key: char, text: char, shift: char !== char.toLowerCase() })
}

function csi(input: string, final: boolean): Found | undefined {
  // The Linux console's F1 to F5.
  const whole = /^\x1b\[\[[A-E]|^\x1b\[[0-9;]+\$(?![0-9a-zA-Z])|^\x1b\[[<-?]?[0-9:;]*[ -/]*[@-~^]/.exec(
    input,
  )?.[0]
  const partial = /^\x1b\[\[?[<-?]?[0-9:;]*[ -/]*/.exec(input)?.[0] ?? ''
  if (partial.length === input.length && !final && input.length < longestSequence) return undefined
  if (whole === undefined || whole === '\x1b[[') {
    if (input === '\x1b[') return key(input, { key: '[', text: '[', alt: true })
    // Broken off: what has come of it goes, the character that broke it counts.
    return { length: Math.max(2, partial.length), event: undefined }
  }
  if (whole === '\x1b[200~') return { length: whole.length, event: 'paste' }
  const mouse = /^\x1b\[<(\d+);(\d+);(\d+)([Mm])$/.exec(whole)
  if (mouse !== null) return { length: whole.length, event: mouseEvent(mouse.slice(1)) }
  const found = keyOfSequence(whole)
  return found === undefined ? { length: whole.length, event: undefined } : key(whole, found)
}

function ss3(input: string, final: boolean): Found | undefined {
  const whole = /^\x1bO[0-9;]*[@-~]/.exec(input)?.[0]
  if (whole !== undefined) {
    const found = keyOfSequence(whole)
    return found === undefined ? { length: whole.length, event: undefined } : key(whole, found)
  }
  if (/^\x1bO[0-9;]*$/.test(input) && !final) return undefined
  return key('\x1bO', { key: 'O', text: 'O', alt: true, shift: true })
}

/** OSC, DCS and the like, up to BEL or ST: of them only the background's colour is of interest. */
function string(input: string, final: boolean): Found | undefined {
  // oxlint-disable-next-line no-control-regex
  const whole = /^\x1b[\]P_^X][^\x07\x1b\x18\x1a]*(?:\x07|\x1b\\|\x18|\x1a)/.exec(input)?.[0]
  if (whole !== undefined) return { length: whole.length, event: background(whole) }
  const broken = input.indexOf(escape, 2)
  if (broken !== -1 && broken < input.length - 1) return { length: broken, event: undefined }
  if (input.length > longestSequence) return { length: input.length, event: undefined }
  if (!final) return undefined
  if (input.length === 2) {
    const char = input[1] ?? ''
    return key(input, { key: char, text: char, alt: true })
  }
  return { length: input.length, event: undefined }
}

/** `rgb:` and three numbers of one to four hexadecimal digits. */
function background(sequence: string): InputEvent | undefined {
  const parts = /^\x1b\]11;rgba?:([0-9a-f]{1,4})\/([0-9a-f]{1,4})\/([0-9a-f]{1,4})/i.exec(sequence)
  if (parts === null) return undefined
  const [red = 0, green = 0, blue = 0] = parts
    .slice(1, 4)
    .map(digits => parseInt(digits, 16) / (16 ** digits.length - 1))
  return { type: 'background', light: 0.299 * red + 0.587 * green + 0.114 * blue > 0.5 }
}

/** SGR mouse: button and modifiers, column, row, `M` or `m` for a release. */
function mouseEvent([bits = '', column = '', row = '', end = '']: readonly string[]): InputEvent | undefined {
  const code = Number(bits)
  const where = {
    x: Number(column) - 1,
    y: Number(row) - 1,
    shift: (code & 4) !== 0,
    ctrl: (code & 16) !== 0,
  }
  const low = code & 3
  if (code >= 128) return undefined
  if ((code & 64) !== 0) {
    // Sideways wheels are of no use here.
    if (low > 1) return undefined
    return { type: 'mouse', action: low === 0 ? 'wheel-up' : 'wheel-down', button: 0, ...where }
  }
  // A movement without a button.
  if (low === 3) return undefined
  const action = end === 'm' ? 'release' : (code & 32) !== 0 ? 'drag' : 'press'
  return { type: 'mouse', action, button: low as 0 | 1 | 2, ...where }
}

function key(
  bytes: string,
  found: { key: string; text?: string; ctrl?: boolean; alt?: boolean; shift?: boolean },
): Found {
  const { key: name, text = '', ctrl = false, alt = false, shift = false } = found
  return { length: bytes.length, event: { type: 'key', key: name, text, ctrl, alt, shift, bytes } }
}

/** With the ESC that came before. */
function withAlt({ length, event }: Found): Found {
  if (event === undefined || event === 'paste' || event.type !== 'key') return { length: length + 1, event }
  return { length: length + 1, event: { ...event, alt: true, bytes: escape + event.bytes } }
}
