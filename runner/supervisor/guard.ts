import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Stack } from '../stack/model.ts'

/**
 * A small process outside every group (guard.sh) that holds one end of a pipe. If the supervisor is killed, it reads the
 * end of file and kills every group on its list. If the guard itself dies, a new one takes its place.
 */
export class Guard {
  readonly #stack: Pick<Stack, 'run' | 'consoleSocket'>
  readonly #path: string
  readonly #onTrouble: (detail: string) => void
  readonly #groups = new Set<number>()
  #child: ChildProcess
  #ending = false
  #deaths: number[] = []

  constructor(
    stack: Pick<Stack, 'run' | 'consoleSocket'>,
    path: string,
    onTrouble: (detail: string) => void,
  ) {
    this.#stack = stack
    this.#path = path
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

  /** Lets it go without killing anything; only when every service has ended. */
  async end(): Promise<void> {
    this.#ending = true
    const child = this.#child
    if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return
    const exited = once(child, 'exit')
    child.stdin?.end('end\n')
    await Promise.race([exited, delay(500, undefined, { ref: false })])
  }

  #spawn(): ChildProcess {
    const child = spawn(
      'sh',
      [join(import.meta.dirname, 'guard.sh'), this.#stack.run, this.#stack.consoleSocket ?? ''],
      {
        cwd: '/',
        // Not the run's id: it would find itself.
        env: { PATH: this.#path },
        stdio: ['pipe', 'ignore', 'ignore'],
        detached: true,
      },
    )
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
