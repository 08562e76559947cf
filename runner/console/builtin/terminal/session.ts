import type { ReadStream, WriteStream } from 'node:tty'
import { InputDecoder, type InputEvent } from './input.ts'

export interface SessionOptions {
  readonly stdin: ReadStream
  readonly stdout: WriteStream
  readonly onInput: (event: InputEvent) => void
  readonly onResize: (columns: number, rows: number) => void
  /** The terminal was closed. Told once; nothing can be written any more. */
  readonly onGone: () => void
}

/**
 * Has the whole terminal to itself between `enter` and `leave`: raw mode, alternate screen, no automatic wrap, hidden
 * cursor, mouse, bracketed paste. The terminal gets it all back in any case: also when the process exits, or dies of an
 * exception. Signals are the business of whoever handles them: they end in an exit.
 */
export class TerminalSession {
  readonly #options: SessionOptions
  readonly #decoder = new InputDecoder()
  #timer: NodeJS.Timeout | undefined
  #state: 'before' | 'inside' | 'left' | 'gone' = 'before'

  constructor(options: SessionOptions) {
    this.#options = options
  }

  /** Of the terminal; 80 x 24 where it does not tell. */
  get columns(): number {
    return this.#options.stdout.columns || 80
  }

  get rows(): number {
    return this.#options.stdout.rows || 24
  }

  enter(): void {
    const { stdin, stdout } = this.#options
    this.#state = 'inside'
    // First of all what can fail.
    stdin.setRawMode(true)
    process.on('exit', this.#leave)
    process.on('uncaughtExceptionMonitor', this.#leave)
    stdout.on('error', this.#failed)
    stdout.on('resize', this.#resized)
    stdin.on('error', this.#failed)
    stdin.on('end', this.#ended)
    stdin.on('data', this.#given)
    stdin.resume()
    this.write(entering)
  }

  /** May be called twice. */
  leave(): void {
    if (this.#state !== 'inside' && this.#state !== 'gone') return
    const { stdin, stdout } = this.#options
    const gone = this.#state === 'gone'
    this.#state = 'left'
    clearTimeout(this.#timer)
    process.off('exit', this.#leave)
    process.off('uncaughtExceptionMonitor', this.#leave)
    stdout.off('resize', this.#resized)
    stdin.off('end', this.#ended)
    stdin.off('data', this.#given)
    stdin.pause()
    // The listeners for errors stay: one may be on its way still.
    if (gone) return
    stdout.write(leaving)
    try {
      stdin.setRawMode(false)
    } catch (error) {
      if (!isGone(error)) throw error
    }
  }

  /** For TerminalOutput. */
  write(bytes: string): void {
    if (this.#state === 'inside') this.#options.stdout.write(bytes)
  }

  readonly #leave = (): void => this.leave()

  readonly #given = (chunk: Buffer | string): void => {
    clearTimeout(this.#timer)
    this.#tell(this.#decoder.decode(typeof chunk === 'string' ? Buffer.from(chunk) : chunk))
    // A lone ESC is a key if nothing follows at once.
    if (this.#decoder.waiting) this.#timer = setTimeout(() => this.#tell(this.#decoder.flush()), escapeMs)
  }

  #tell(events: readonly InputEvent[]): void {
    for (const event of events) if (this.#state === 'inside') this.#options.onInput(event)
  }

  readonly #resized = (): void => this.#options.onResize(this.columns, this.rows)

  readonly #failed = (error: Error): void => {
    if (!isGone(error)) throw error
    this.#ended()
  }

  readonly #ended = (): void => {
    if (this.#state !== 'inside') return
    this.#state = 'gone'
    this.#options.onGone()
  }
}

const escapeMs = 30

// Alternate screen; no wrap; cursor hidden; mouse: presses and drags, in SGR form; bracketed paste; no focus events; and
// what colour is the background?
const entering = '\x1b[?1049h\x1b[?7l\x1b[?25l\x1b[?1002h\x1b[?1006h\x1b[?2004h\x1b[?1004l\x1b]11;?\x1b\\'

const leaving = '\x1b[?2026l\x1b]8;;\x1b\\\x1b[m\x1b[?2004l\x1b[?1006l\x1b[?1002l\x1b[?7h\x1b[?25h\x1b[?1049l'

function isGone(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException
  return code === 'EIO' || code === 'EPIPE' || code === 'ENXIO' || code === 'ENOTTY' || code === 'EBADF'
}
