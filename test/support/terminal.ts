import { execa } from 'execa'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

/**
 * A terminal that a test types into and reads: a tmux server of the test's own with one window, in which a shell runs.
 * Closing it hangs up (SIGHUP) on what runs inside, as a closed window does.
 */
export class Terminal implements AsyncDisposable {
  readonly #socket: string
  readonly #folder: string

  private constructor(folder: string) {
    this.#folder = folder
    this.#socket = join(folder, 'tmux')
  }

  static async open(options: {
    columns: number
    rows: number
    cwd: string
    env?: Record<string, string | undefined>
  }): Promise<Terminal> {
    const terminal = new Terminal(await mkdtemp(join(tmpdir(), 'courante-terminal-')))
    await execa(
      'tmux',
      [
        '-u',
        '-f',
        '/dev/null',
        '-S',
        terminal.#socket,
        'new-session',
        '-d',
        '-x',
        String(options.columns),
        '-y',
        String(options.rows),
        '-c',
        options.cwd,
        "PS1='$ ' exec sh",
        ';',
        'set',
        '-g',
        'status',
        'off',
      ],
      { env: { ...options.env, TMUX: undefined, TERM: 'xterm-256color' } },
    )
    return terminal
  }

  /** Types a line and Enter. */
  async type(line: string): Promise<void> {
    await this.#tmux('send-keys', '-l', line)
    await this.#tmux('send-keys', 'Enter')
  }

  /** Presses keys by tmux's names: `q`, `Enter`, `C-c`. */
  async press(...keys: string[]): Promise<void> {
    await this.#tmux('send-keys', ...keys)
  }

  /** The screen, a string a row, without trailing blanks. */
  async screen(): Promise<string[]> {
    const { stdout } = await this.#tmux('capture-pane', '-p')
    return stdout.split('\n').map(row => row.trimEnd())
  }

  /** The screen with its colours, as escape sequences. */
  async colouredScreen(): Promise<string> {
    return (await this.#tmux('capture-pane', '-e', '-p')).stdout
  }

  /** Waits until the screen's text matches; fails with the screen as it is. */
  async shows(pattern: RegExp, withinMs = 30_000): Promise<string> {
    let text = ''
    for (const end = Date.now() + withinMs; Date.now() < end; await delay(30)) {
      text = (await this.screen()).join('\n')
      if (pattern.test(text)) return text
    }
    throw new Error(`the screen never showed ${String(pattern)}:\n${text}`)
  }

  async resize(columns: number, rows: number): Promise<void> {
    await this.#tmux('resize-window', '-x', String(columns), '-y', String(rows))
  }

  /** The pid of the shell. */
  async shell(): Promise<number> {
    return Number(await this.fact('pane_pid'))
  }

  /** What the terminal knows of itself, by tmux's name: `alternate_on`, `cursor_flag`, `mouse_any_flag`. */
  async fact(name: string): Promise<string> {
    return (await this.#tmux('display-message', '-p', `#{${name}}`)).stdout
  }

  /** As a person closes the window. */
  async close(): Promise<void> {
    await execa('tmux', ['-S', this.#socket, 'kill-server'], { reject: false })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
    await rm(this.#folder, { recursive: true, force: true })
  }

  async #tmux(...command: string[]): Promise<{ stdout: string }> {
    return execa('tmux', ['-S', this.#socket, ...command])
  }
}
