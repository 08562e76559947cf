import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

/** A server of this bench in a process of its own, from its first line to its end. */
export class Server {
  readonly process: ChildProcess
  /** What it said when it was ready. */
  readonly said: string

  private constructor(process: ChildProcess, said: string) {
    this.process = process
    this.said = said
  }

  /** Starts `bench/portal/servers/<name>.ts`, which says one line when it is ready. */
  static async start(name: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Server> {
    const program = join(import.meta.dirname, 'servers', `${name}.ts`)
    return Server.run(process.execPath, [program, ...args], /^/, env)
  }

  /** Starts any program; it is ready when a line of its output matches. */
  static async run(
    program: string,
    args: readonly string[],
    ready: RegExp,
    env: NodeJS.ProcessEnv = {},
  ): Promise<Server> {
    const child = spawn(program, args, {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, ...env },
    })
    const ended = once(child, 'exit').then(() => {
      throw new Error(`${program} ended before it was ready`)
    })
    ended.catch(() => undefined)
    const lines = createInterface({ input: child.stdout })
    const said = new Promise<string>(resolve => {
      lines.on('line', line => {
        if (ready.test(line)) resolve(line)
      })
    })
    return new Server(child, await Promise.race([said, ended]))
  }

  async end(): Promise<void> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return
    const ended = once(this.process, 'exit')
    this.process.kill('SIGTERM')
    await ended
  }
}
