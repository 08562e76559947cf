import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

export interface GuardOptions {
  /** A line of the environment (`NAME=value`) by which it finds what left its group; none of its own. */
  readonly mark: string
  /** Socket of a tmux session that it ends first. */
  readonly tmux?: string | undefined
  /** The PATH to find programs in. */
  readonly path: string
}

/**
 * A small process outside every group (guard.sh) that holds one end of a pipe. If this process is killed, it reads the end
 * of file and kills every group on its list. If the guard itself dies, a new one takes its place.
 */
export class Guard {
  readonly #options: GuardOptions
  readonly #onTrouble: (detail: string) => void
  readonly #groups = new Set<number>()
  #child: ChildProcess
  #ending = false
  #deaths: number[] = []

  constructor(options: GuardOptions, onTrouble: (detail: string) => void) {
    this.#options = options
    this.#onTrouble = onTrouble
    this.#child = this.#spawn()
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  add(pgid: number): void {
    this.#groups.add(pgid)
    this.#child.stdin?.write(`add ${pgid}\n`)
  }

  del(pgid: number): void {
    this.#groups.delete(pgid)
    this.#child.stdin?.write(`del ${pgid}\n`)
  }

  /** Lets it go without killing anything; only when everything guarded has ended. */
  async end(): Promise<void> {
    this.#ending = true
    const child = this.#child
    if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return
    const exited = once(child, 'exit')
    child.stdin?.end('end\n')
    await Promise.race([exited, delay(500, undefined, { ref: false })])
  }

  #spawn(): ChildProcess {
    const { mark, tmux = '', path } = this.#options
    const child = spawn('sh', [join(import.meta.dirname, 'guard.sh'), mark, tmux], {
      cwd: '/',
      // Not the mark: it would find itself.
      env: { PATH: path },
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
    })
    // Its death is handled at `exit`; the broken pipe says the same a moment before.
    child.stdin.on('error', () => undefined)
    child.once('error', error => this.#onTrouble(error.message))
    child.once('exit', () => this.#replace())
    for (const pgid of this.#groups) child.stdin.write(`add ${pgid}\n`)
    return child
  }

  #replace(): void {
    if (this.#ending) return
    const now = Date.now()
    this.#deaths = [...this.#deaths.filter(at => now - at < 10_000), now]
    if (this.#deaths.length > 5) this.#onTrouble('it ended five times within ten seconds')
    else this.#child = this.#spawn()
  }
}
