import { createInterface, type Interface } from 'node:readline'
import type { Io } from '../../lib/io.ts'
import type { LiveReply, Message } from '../../services/chat/protocol.ts'
import { visible } from '../shared/visible.ts'
import { cellsOf, rowsOf } from './cells.ts'

export interface ScreenEvents {
  /** What somebody typed, or pasted at once. */
  readonly typed: (text: string) => void
  /** Ctrl-C. */
  readonly interrupted: () => void
  /** Ctrl-D, or the terminal has gone. */
  readonly ended: () => void
  /** Names that Tab completes after an @. */
  readonly names: () => readonly string[]
}

/** Answers that grow are drawn so often. */
const frameMs = 40
const bold = ['\u001B[1m', '\u001B[22m'] as const
const dim = ['\u001B[2m', '\u001B[22m'] as const
/** Of the 256 colours, those that are read well on black and on white. */
const nameColours = [33, 64, 97, 125, 130, 136, 166, 30]

/**
 * A room on a terminal: messages scroll up as in a log; below them the ends of the answers that grow, then the line that
 * is being typed.
 */
export class Screen implements Disposable {
  readonly #io: Io
  readonly #reader: Interface
  readonly #colours: boolean
  #live: readonly LiveReply[] = []
  /** Rows of the answers that are drawn above the prompt. */
  #drawn = 0
  #frame: NodeJS.Timeout | undefined
  #closed = false

  constructor(io: Io, events: ScreenEvents) {
    this.#io = io
    this.#colours = (io.env['NO_COLOR'] ?? '') === ''
    this.#reader = createInterface({
      input: io.stdin,
      output: io.stdout,
      prompt: '> ',
      terminal: true,
      completer: (line: string): [string[], string] => complete(line, events.names()),
    })
    let lines: string[] = []
    this.#reader.on('line', line => {
      // At once: whatever is printed before would move it.
      this.#unsay(line)
      // A pasted text comes as lines in a row.
      if (lines.length === 0) {
        setImmediate(() => {
          const text = lines.join('\n')
          lines = []
          events.typed(text)
        })
      }
      lines.push(line)
    })
    this.#reader.on('SIGINT', () => events.interrupted())
    this.#reader.on('close', () => {
      this.#closed = true
      events.ended()
    })
    this.#reader.prompt()
  }

  message({ author, text }: Message): void {
    const shown = visible(text)
    if (author === null) return this.#print(this.#styled(dim, shown))
    const name = visible(author)
    this.#print(`${this.#named(name)} ${shown.includes('\n') ? `\n${shown}` : shown}`)
  }

  /** A word of the program's own. */
  note(text: string): void {
    this.#print(this.#styled(dim, text))
  }

  /** What is being written right now. */
  live(replies: readonly LiveReply[]): void {
    this.#live = replies
    this.#frame ??= setTimeout(() => this.#print(undefined), frameMs)
  }

  /** Clears what is being typed; false: nothing is. */
  clear(): boolean {
    if (this.#reader.line === '') return false
    this.#reader.write(null, { ctrl: true, name: 'e' })
    this.#reader.write(null, { ctrl: true, name: 'u' })
    return true
  }

  [Symbol.dispose](): void {
    this.#live = []
    this.#print(undefined)
    clearTimeout(this.#frame)
    this.#reader.close()
    this.#io.stdout.write('\r\u001B[J')
  }

  /** Prints above what is being written and typed, and draws that anew. */
  #print(text: string | undefined): void {
    clearTimeout(this.#frame)
    this.#frame = undefined
    if (this.#closed) {
      if (text !== undefined) this.#io.stdout.write(`${text}\n`)
      return
    }
    const up = this.#drawn + this.#reader.getCursorPos().rows
    const rows = this.#liveRows()
    this.#drawn = rows.length
    const above = text === undefined ? [] : [text]
    this.#io.stdout.write(
      `\r${up > 0 ? `\u001B[${up}A` : ''}\u001B[J${[...above, ...rows].map(line => `${line}\n`).join('')}`,
    )
    this.#reader.prompt(true)
  }

  /** Takes away what the terminal echoed: it comes back as a message. */
  #unsay(line: string): void {
    const rows = Math.max(1, Math.ceil((2 + cellsOf(line)) / this.#columns()))
    this.#io.stdout.write(`\r\u001B[${rows + this.#drawn}A\u001B[J`)
    this.#drawn = 0
    this.#print(undefined)
  }

  #liveRows(): string[] {
    const columns = this.#columns() - 1
    const most = Math.max(3, Math.floor(((this.#io.stdout as { rows?: number }).rows ?? 24) / 2))
    return this.#live.flatMap(({ agent, text }) => {
      const name = visible(agent)
      const rows = rowsOf(`${name} ${visible(text)} …`, columns)
      const [first = '', ...others] = rows
      const labelled = first.startsWith(name) ? this.#named(name) + first.slice(name.length) : first
      // The end of it; all of it comes when it is whole.
      return rows.length <= most ? [labelled, ...others] : [this.#named(name), ...rows.slice(1 - most)]
    })
  }

  #columns(): number {
    return Math.max(10, this.#io.stdout.columns ?? 80)
  }

  #named(name: string): string {
    if (!this.#colours) return `${name}:`
    let sum = 0
    for (const character of name) sum = (sum * 31 + (character.codePointAt(0) ?? 0)) % 65_521
    return `\u001B[38;5;${nameColours[sum % nameColours.length]}m${bold[0]}${name}:${bold[1]}\u001B[39m`
  }

  #styled([on, off]: readonly [string, string], text: string): string {
    return this.#colours ? on + text + off : text
  }
}

function complete(line: string, names: readonly string[]): [string[], string] {
  const begun = /@[^\s@]*$/.exec(line)?.[0]
  if (begun === undefined) return [[], line]
  const fitting = names.map(name => `@${name} `)
  return [fitting.filter(name => name.toLowerCase().startsWith(begun.toLowerCase())), begun]
}
