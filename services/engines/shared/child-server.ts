import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { EngineError } from '../../core/engine.ts'

export interface ChildServerOptions {
  /** Absolute path, or a name on the PATH of `env`. */
  readonly program: string
  /** `port` is free on the loopback. */
  readonly args: (port: number) => readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
  /** Whether it answers requests by now. Asked again and again until it says true; an EngineError of it fails the start. */
  readonly isReady: (url: string, signal: AbortSignal) => Promise<boolean>
  /** Each line that it prints, on stdout or stderr. */
  readonly onLine?: (line: string) => void
  /** The same in the pieces that it comes in, for who can't wait for the end of a line. */
  readonly onText?: (text: string) => void
}

const lookMs = 50
const keptLines = 8
/** From a connection that breaks to the end of the process that had it. */
const dyingMs = 1000

/**
 * A server of somebody else's that does an engine's work, on a port of the loopback. Core ends it with the engine, whose
 * process group it shares; when it ends by itself, `died` says so, and its engine should end, too.
 */
export class ChildServer {
  readonly url: string
  readonly #child: ChildProcess
  readonly #died = Promise.withResolvers<string>()
  #lines: string[] = []
  /** The last line that speaks of an error: many programs print their whole usage behind it. */
  #fault = ''
  #end: string | undefined

  /**
   * Resolves when it is ready. Throws the EngineError of `isReady`, or `bad_model` with its last words where it ends before
   * that. Whether the program is there at all, the caller has to look for.
   */
  static async start(options: ChildServerOptions): Promise<ChildServer> {
    const port = await freePort()
    const server = new ChildServer(options, port)
    const over = new AbortController()
    void server.died.then(() => over.abort())
    while (server.#end === undefined) {
      try {
        if (await options.isReady(server.url, over.signal)) return server
      } catch (error) {
        if (error instanceof EngineError) {
          server.#child.kill('SIGKILL')
          throw error
        }
        // It does not listen yet, or has just ended.
      }
      await delay(lookMs)
    }
    throw new EngineError({ reason: 'bad_model', detail: server.#end })
  }

  private constructor({ program, args, env, onLine, onText }: ChildServerOptions, port: number) {
    this.url = `http://127.0.0.1:${port}`
    this.#child = spawn(program, args(port), { env, stdio: ['ignore', 'pipe', 'pipe'] })
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      if (stream === null) continue
      createInterface({ input: stream }).on('line', line => {
        const words = line.trim().slice(0, 300)
        this.#lines = [...this.#lines, words].filter(one => one !== '').slice(-keptLines)
        if (/\berror\b/i.test(words)) this.#fault = words
        onLine?.(line)
      })
      if (onText !== undefined) stream.on('data', (bytes: Buffer) => onText(bytes.toString('latin1')))
    }
    this.#child.once('error', error => this.#ended(error.message))
    this.#child.once('close', (code, signal) => this.#ended(`${program}: ${signal ?? `exit code ${code}`}`))
  }

  /** Resolves with how it ended, and its last words. */
  get died(): Promise<string> {
    return this.#died.promise
  }

  /** What it printed last. */
  get lastWords(): string {
    const isGone = this.#fault !== '' && !this.#lines.includes(this.#fault)
    return (isGone ? [this.#fault] : this.#lines).join(' / ')
  }

  /** Resident bytes of it and of what it started; 0 where the system does not tell. */
  get memory(): number {
    return this.#child.pid === undefined ? 0 : residentBytes(this.#child.pid)
  }

  /**
   * For a request that failed on the way: resolves when the server seems to live on. Where it is just dying, never: that is
   * no failure of the request, which core gives to the next engine.
   */
  async survived(): Promise<void> {
    const isDead = await Promise.race([this.died.then(() => true), delay(dyingMs, false, { ref: false })])
    if (isDead) await new Promise<never>(() => {})
  }

  /** Ends it at once, in the middle of its work. `died` resolves, too. */
  async stop(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.died
  }

  #ended(how: string): void {
    this.#end ??= [how, this.lastWords].filter(part => part !== '').join(': ')
    this.#died.resolve(this.#end)
  }
}

/** Nobody else may take it in the moment before the program does; where somebody does, the start fails and core tries again. */
async function freePort(): Promise<number> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** Of /proc, so on Linux only: pages are 4 KiB on all machines that we run on but some ARM servers. */
export function residentBytes(pid: number): number {
  try {
    const pages = Number(readFileSync(`/proc/${pid}/statm`, 'latin1').split(' ')[1])
    const children = readdirSync(`/proc/${pid}/task`).flatMap(task =>
      readFileSync(`/proc/${pid}/task/${task}/children`, 'latin1')
        .trim()
        .split(' ')
        .filter(Boolean)
        .map(Number),
    )
    return pages * 4096 + children.reduce((sum, child) => sum + residentBytes(child), 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error
    return 0
  }
}
