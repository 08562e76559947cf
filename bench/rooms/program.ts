import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { createInterface, type Interface } from 'node:readline'

const repo = resolve(import.meta.dirname, '../..')

/** A program of the repo in a process of its own, which says things line by line. */
export class Program implements AsyncDisposable {
  readonly child: ChildProcess
  readonly #lines: Interface
  readonly #said: string[] = []
  readonly #closed: Promise<unknown>

  constructor(file: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    this.child = spawn(process.execPath, [resolve(repo, file), ...args], {
      cwd: repo,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    if (this.child.stdout === null) throw new Error('no stdout')
    this.#lines = createInterface(this.child.stdout)
    this.#lines.on('line', line => this.#said.push(line))
    this.#closed = once(this.child, 'close')
  }

  /** The first line that matches, said already or next. */
  async said(pattern: RegExp): Promise<RegExpExecArray> {
    for (let looked = 0; ; looked++) {
      while (looked >= this.#said.length) {
        const line = once(this.#lines, 'line')
        if ((await Promise.race([line, this.#closed.then(() => 'closed')])) === 'closed') {
          throw new Error(`ended without ${String(pattern)}: ${this.#said.join('\n')}`)
        }
      }
      const match = pattern.exec(this.#said[looked] ?? '')
      if (match !== null) return match
    }
  }

  /** MB of memory now, and seconds of processor time so far. */
  use(): { rss: number; cpu: number } {
    const rss = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${this.child.pid}/status`, 'utf8'))?.[1]
    const stat = readFileSync(`/proc/${this.child.pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    // utime and stime, in ticks of 10 ms (proc_pid_stat(5)).
    return { rss: Number(rss) / 1024, cpu: (Number(fields[11]) + Number(fields[12])) / 100 }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.child.kill('SIGKILL')
    await this.#closed
  }
}

/** A time that all processes of this machine share, in ms. */
export function now(): number {
  return Number(process.hrtime.bigint()) / 1e6
}
