import { spawn, type IPty } from '@lydell/node-pty'
import { Screen } from './screen.ts'
import type { Frame } from '../pictures/svg.ts'

/** A program in a terminal that is recorded: what it wrote and when. */
export class Recorder {
  readonly screen: Screen
  readonly #pty: IPty
  readonly #chunks: { at: number; data: string }[] = []
  readonly #begun = performance.now()
  readonly #waiters = new Set<() => void>()
  readonly ended: Promise<void>
  #written: Promise<void> = Promise.resolve()

  constructor(
    command: [string, ...string[]],
    options: { columns: number; rows: number; cwd: string; env: Record<string, string | undefined> },
  ) {
    const { columns, rows, cwd, env } = options
    this.screen = new Screen(columns, rows)
    const [file, ...args] = command
    // The package would pass on `undefined` as a word.
    const defined = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined))
    this.#pty = spawn(file, args, { name: 'xterm-256color', cols: columns, rows, cwd, env: defined })
    const { promise, resolve } = Promise.withResolvers<void>()
    this.ended = promise
    this.#pty.onExit(() => resolve())
    this.#pty.onData(data => {
      this.#chunks.push({ at: (performance.now() - this.#begun) / 1000, data })
      this.#written = this.#written.then(async () => {
        await this.screen.write(data)
        for (const waiter of this.#waiters) waiter()
      })
    })
  }

  press(keys: string): void {
    this.#pty.write(keys)
  }

  resize(columns: number, rows: number): void {
    this.screen.resize(columns, rows)
    this.#pty.resize(columns, rows)
  }

  /** Waits until the screen's text matches; fails with the screen as it is after 30 s. */
  async shows(pattern: RegExp): Promise<void> {
    await this.until(() => pattern.test(this.screen.text()), String(pattern))
  }

  /** Waits until the screen is so; looked at whenever something was written to it. */
  async until(condition: () => boolean, what = 'what it was to show'): Promise<void> {
    const timer = setTimeout(() => {
      for (const waiter of this.#waiters) waiter()
    }, 30_100)
    const end = Date.now() + 30_000
    while (!condition()) {
      if (Date.now() >= end) throw new Error(`the screen never showed ${what}:\n${this.screen.text()}`)
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#waiters.add(resolve)
      await promise
      this.#waiters.delete(resolve)
    }
    clearTimeout(timer)
  }

  /** As an asciicast, version 2 (docs.asciinema.org): a header, then `[seconds, "o", text]` a line. */
  cast(title: string): string {
    const { columns: width, rows: height } = this.screen
    const header = { version: 2, width, height, title, env: { TERM: 'xterm-256color' } }
    // Without what comes after the console has left the screen: it names folders of this machine.
    const left = this.#chunks.findIndex(({ data }) => data.includes('\u001b[?1049l'))
    const shown = left === -1 ? this.#chunks : this.#chunks.slice(0, left)
    const lines = shown.map(({ at, data }) => JSON.stringify([Number(at.toFixed(3)), 'o', data]))
    return `${[JSON.stringify(header), ...lines].join('\n')}\n`
  }
}

/** Reads a cast back, and what its terminal showed at most so often. */
export async function framesOf(
  cast: string,
  everySeconds: number,
): Promise<{ screen: Screen; frames: Frame[] }> {
  const [header = '{}', ...lines] = cast.trimEnd().split('\n')
  const { width, height } = JSON.parse(header) as { width: number; height: number }
  const screen = new Screen(width, height)
  const frames: Frame[] = []
  const chunks = lines.map(line => JSON.parse(line) as [number, string, string])
  for (const [index, [at, , data]] of chunks.entries()) {
    await screen.write(data)
    const next = chunks[index + 1]?.[0] ?? Infinity
    const last = frames.at(-1)?.at ?? -Infinity
    // The last state before a pause counts, and during a stream of changes one now and then.
    if (next - at >= everySeconds || at - last >= everySeconds) frames.push({ at, rows: screen.read() })
  }
  const begin = frames[0]?.at ?? 0
  return { screen, frames: frames.map(frame => ({ ...frame, at: Number((frame.at - begin).toFixed(2)) })) }
}
