import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join, resolve } from 'node:path'

const repo = resolve(import.meta.dirname, '../..')

/** A program of the repo as a process of its own, run by this Node. Disposal kills it and waits for its end. */
export class Spawned implements AsyncDisposable {
  readonly child: ChildProcess
  stdout = ''
  stderr = ''
  readonly #closed: Promise<unknown>
  readonly #waiting = new Set<() => void>()

  constructor(program: string, args: readonly string[], env: Record<string, string>, cwd = repo) {
    this.child = spawn(process.execPath, [join(repo, program), ...args], {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text
      for (const look of this.#waiting) look()
    })
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.stderr += text))
    this.#closed = once(this.child, 'close')
  }

  /** Waits for something on stdout; a program that ends without it fails the test with its story. */
  async saw(pattern: RegExp): Promise<RegExpExecArray> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const look = (): void => {
      if (pattern.test(this.stdout)) resolve()
    }
    this.#waiting.add(look)
    look()
    await Promise.race([promise, this.#closed])
    this.#waiting.delete(look)
    const match = pattern.exec(this.stdout)
    if (match === null) throw new Error(`ended without ${String(pattern)}\n${this.stdout}\n${this.stderr}`)
    return match
  }

  /** The exit code, once all output is here. */
  async ended(): Promise<number | null> {
    await this.#closed
    return this.child.exitCode
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.child.kill('SIGKILL')
    await this.#closed
  }
}
