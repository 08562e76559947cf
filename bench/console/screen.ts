import { spawn, type IPty } from '@lydell/node-pty'
import xterm, { type Terminal } from '@xterm/headless'
import type { Launch } from './subject.ts'

export const size = { columns: 160, rows: 48 }
/** More than two screens of it are never seen. */
const tailBytes = 65536
const frameMs = 16
/** Reading the screen costs a third of a millisecond; so it is not read more often than this. */
const lookMs = 4

interface Waiter {
  readonly pattern: RegExp
  readonly seen: (at: number) => void
}

/**
 * A terminal in which a subject runs. Its screen is that of a real emulator, which is fed all that the subject writes, with
 * back-pressure; where the text only scrolls, the last 64 KB every 16 ms, since our reading must not be what is measured.
 */
export class Screen {
  readonly pid: number
  readonly startedAt: number
  /** Resolves with the moment at which the subject's first process ended. */
  readonly exited: Promise<number>
  hasExited = false
  readonly #pty: IPty
  readonly #terminal: Terminal
  readonly #scrolls: boolean
  readonly #waiters = new Set<Waiter>()
  #pending = 0
  #tail: Buffer[] = []
  #tailLength = 0
  #cut = false
  #frame: NodeJS.Timeout | undefined
  #lookedAt = 0
  #look: NodeJS.Timeout | undefined

  constructor(launch: Launch, options: { scrolls: boolean; cwd: string; env: Record<string, string> }) {
    this.#scrolls = options.scrolls
    this.#terminal = new xterm.Terminal({
      cols: size.columns,
      rows: size.rows,
      scrollback: 0,
      allowProposedApi: true,
    })
    this.startedAt = performance.now()
    this.#pty = spawn(launch.file, [...launch.args], {
      name: 'xterm-256color',
      cols: size.columns,
      rows: size.rows,
      cwd: options.cwd,
      env: { ...options.env, ...launch.env },
      encoding: null,
    })
    this.pid = this.#pty.pid
    // What a program asks of its terminal (attributes, cursor position) is answered.
    this.#terminal.onData(answer => this.write(answer))
    this.#pty.onData(chunk => this.#onData(chunk as unknown as Buffer))
    const { promise, resolve } = Promise.withResolvers<number>()
    this.#pty.onExit(() => {
      this.hasExited = true
      resolve(performance.now())
    })
    this.exited = promise
  }

  write(keys: string): void {
    if (!this.hasExited) this.#pty.write(keys)
  }

  /** The moment at which the screen's text matches; undefined when it did not within that time, or the subject ended. */
  async shows(pattern: RegExp, withinMs: number): Promise<number | undefined> {
    const { promise, resolve } = Promise.withResolvers<number | undefined>()
    const waiter = { pattern, seen: resolve }
    this.#waiters.add(waiter)
    const timer = setTimeout(() => resolve(undefined), withinMs)
    // Its last words are still on their way when it ends.
    void this.exited.then(() => setTimeout(() => resolve(undefined), 200))
    this.#lookNow()
    const at = await promise
    clearTimeout(timer)
    this.#waiters.delete(waiter)
    return at
  }

  text(): string {
    const { active } = this.#terminal.buffer
    const rows: string[] = []
    for (let row = 0; row < size.rows; row++)
      rows.push(active.getLine(active.baseY + row)?.translateToString(true) ?? '')
    return rows.join('\n')
  }

  close(): void {
    clearTimeout(this.#frame)
    clearTimeout(this.#look)
    this.#terminal.dispose()
  }

  #onData(chunk: Buffer): void {
    if (!this.#scrolls) return this.#feed(chunk)
    this.#tail.push(chunk)
    this.#tailLength += chunk.length
    for (
      let first = this.#tail[0];
      first !== undefined && this.#tailLength - first.length > tailBytes;
      first = this.#tail[0]
    ) {
      this.#tail.shift()
      this.#tailLength -= first.length
      this.#cut = true
    }
    this.#frame ??= setTimeout(() => this.#feedTail(), frameMs)
  }

  #feedTail(): void {
    this.#frame = undefined
    const tail = Buffer.concat(this.#tail)
    const text = this.#cut
      ? Buffer.concat([Buffer.from('\u001b[0m\r\n'), tail.subarray(tail.indexOf(10) + 1)])
      : tail
    this.#tail = []
    this.#tailLength = 0
    this.#cut = false
    this.#feed(text)
  }

  #feed(bytes: Buffer): void {
    this.#pending += bytes.length
    if (this.#pending > 2 ** 21) this.#pty.pause()
    this.#terminal.write(bytes, () => {
      this.#pending -= bytes.length
      if (this.#pending < 2 ** 19) this.#pty.resume()
      this.#lookSoon()
    })
  }

  #lookSoon(): void {
    if (this.#waiters.size === 0 || this.#look !== undefined) return
    const wait = this.#lookedAt + lookMs - performance.now()
    if (wait <= 0) this.#lookNow()
    else this.#look = setTimeout(() => this.#lookNow(), wait)
  }

  #lookNow(): void {
    clearTimeout(this.#look)
    this.#look = undefined
    const at = performance.now()
    const text = this.text()
    for (const { pattern, seen } of this.#waiters) if (pattern.test(text)) seen(at)
    this.#lookedAt = performance.now()
  }
}
