import pty from '@lydell/node-pty'
import xterm from '@xterm/headless'
import assert from 'node:assert/strict'
import { fileURLToPath } from 'node:url'
import { test } from 'node:test'

const entered = {
  buffer: 'alternate',
  mouse: 'drag',
  paste: true,
  wrap: false,
}
const given = { buffer: 'normal', mouse: 'none', paste: false, wrap: true }

test('the terminal is taken over, and given back as it was', async () => {
  await using program = await Program.start('')
  await program.shows('inside 40x10')
  assert.deepEqual(program.modes, entered)
  program.type('\x1b[A\x03q')
  assert.equal(await program.ended, 0)
  assert.deepEqual(program.modes, given)
  // The shell's screen is there again, and what was typed came as keys.
  await program.shows('before')
  await program.shows('after up c q')
})

test('it is given back when the process exits, or dies of an exception, whose message can be read', async () => {
  for (const [how, text] of [
    ['process.exit(3)', 'before'],
    ['throw new Error("it broke")', 'it broke'],
    ['Promise.reject(new Error("nobody cared"))', 'nobody cared'],
  ] as const) {
    await using program = await Program.start(how)
    await program.shows('inside')
    program.type('!')
    assert.notEqual(await program.ended, 0)
    assert.deepEqual(program.modes, given, how)
    await program.shows(text)
  }
})

test('a resize is told, and a lone Escape after a moment', async () => {
  await using program = await Program.start('')
  await program.shows('inside 40x10')
  program.resize(50, 12)
  await program.shows('resized 50x12')
  program.type('\x1b')
  await program.shows('key escape')
})

test("the terminal's answer for its background is understood", async () => {
  await using program = await Program.start('', '\x1b]11;rgb:f0f0/f0f0/f0f0\x1b\\')
  await program.shows('light true')
})

test('a terminal that is closed is told of, once, and nothing is thrown', async () => {
  await using program = await Program.start('')
  await program.shows('inside')
  program.close()
  assert.equal(await program.ended, 42)
})

/** A small program with a session, on a terminal. */
class Program implements AsyncDisposable {
  readonly #terminal = new xterm.Terminal({ cols: 40, rows: 10, allowProposedApi: true })
  readonly #pty: pty.IPty
  readonly #changed = new Set<() => void>()
  readonly ended: Promise<number>

  private constructor(onBang: string, answer: string | undefined) {
    const code = `
      import { TerminalSession } from ${JSON.stringify(new URL('session.ts', import.meta.url).href)}
      process.stdout.write('before\\r\\n')
      const keys = []
      // A closed window sends SIGHUP too.
      process.on('SIGHUP', () => {})
      const session = new TerminalSession({
        stdin: process.stdin,
        stdout: process.stdout,
        onInput: event => {
          if (event.type === 'background') session.write(\`light \${event.light}\\r\\n\`)
          if (event.type !== 'key') return
          session.write(\`key \${event.key}\\r\\n\`)
          if (event.key === '!') { ${onBang} }
          keys.push(event.key)
          if (event.key !== 'q') return
          session.leave()
          session.leave()
          console.log('after', ...keys)
        },
        onResize: (columns, rows) => session.write(\`resized \${columns}x\${rows}\\r\\n\`),
        onGone: () => {
          process.exitCode = (process.exitCode ?? 41) + 1
          session.leave()
        },
      })
      session.enter()
      session.write(\`inside \${session.columns}x\${session.rows}\\r\\n\`)`
    const args = ['--input-type=module', '-e', code]
    const cwd = fileURLToPath(new URL('.', import.meta.url))
    this.#pty = pty.spawn(process.execPath, args, { cols: 40, rows: 10, cwd })
    this.#pty.onData(data => {
      if (answer !== undefined && data.includes('\x1b]11;?')) this.#pty.write(answer)
      this.#terminal.write(data, () => {
        for (const look of this.#changed) look()
      })
    })
    const exited = new Promise<number>(resolve => this.#pty.onExit(({ exitCode }) => resolve(exitCode)))
    // What it wrote last is on the screen then.
    this.ended = exited.then(
      exitCode => new Promise(resolve => this.#terminal.write('', () => resolve(exitCode))),
    )
  }

  static async start(onBang: string, answer?: string): Promise<Program> {
    return await Promise.resolve(new Program(onBang, answer))
  }

  get modes() {
    const { buffer, modes } = this.#terminal
    return {
      buffer: buffer.active.type,
      mouse: modes.mouseTrackingMode,
      paste: modes.bracketedPasteMode,
      wrap: modes.wraparoundMode,
    }
  }

  get text(): string {
    const { active } = this.#terminal.buffer
    const lines = Array.from(
      { length: active.length },
      (_, y) => active.getLine(y)?.translateToString(true) ?? '',
    )
    return lines.join('\n')
  }

  /** Resolves when this is on the screen. */
  async shows(text: string): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no ${text} in:\n${this.text}`)), 20_000)
      const look = (): void => {
        if (!this.text.includes(text)) return
        clearTimeout(timer)
        this.#changed.delete(look)
        resolve()
      }
      this.#changed.add(look)
      look()
    })
  }

  type(bytes: string): void {
    this.#pty.write(bytes)
  }

  resize(columns: number, rows: number): void {
    this.#pty.resize(columns, rows)
    this.#terminal.resize(columns, rows)
  }

  /** As a window is closed. */
  close(): void {
    const terminal = this.#pty as pty.IPty & { destroy(): void }
    terminal.destroy()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#terminal.dispose()
    try {
      process.kill(this.#pty.pid, 'SIGKILL')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
    }
    await Promise.resolve()
  }
}
