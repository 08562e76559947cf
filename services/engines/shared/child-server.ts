import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { Agent, type Dispatcher } from 'undici'
import { ZodError } from 'zod'
import { EngineError } from '../../core/engine.ts'
import { engineFolder, type ListeningPlace, LoopbackPort, PrivateSocket } from './listening-place.ts'
import { residentBytes } from './process-tree.ts'

interface Options {
  /** Absolute path, or a name on the PATH of `env`. */
  readonly program: string
  readonly env: Readonly<Record<string, string | undefined>>
  /**
   * Whether it answers requests by now. Asked again and again until it says true; what it throws fails the start, but for
   * errors of the connection. `signal` ends a look that nobody answers.
   */
  readonly isReady: (url: string, signal: AbortSignal, dispatcher: Dispatcher) => Promise<boolean>
  /** Each line that it prints, on stdout or stderr. */
  readonly onLine?: (line: string) => void
  /** The same in the pieces that it comes in, for who can't wait for the end of a line. */
  readonly onText?: (text: string) => void
}

/** `socket`: a Unix socket that nobody else can reach. `port`: one of the loopback, which each program of this machine can. */
export type ChildServerOptions = Options &
  (
    | { readonly listen: 'socket'; readonly args: (path: string) => readonly string[] }
    | { readonly listen?: 'port'; readonly args: (port: number) => readonly string[] }
  )

const lookMs = 50
/** Doubled with each look that nobody answers. */
const firstPatienceMs = 1000
const silentLooks = 6
/** Somebody else may take a port first. */
const maxPorts = 3
const keptLines = 8
/** From a connection that breaks to the end of the process that had it. */
const dyingMs = 1000

/**
 * A server of somebody else's that does an engine's work. Core ends it with the engine, whose process group it shares; when
 * it ends by itself, `died` says so, and its engine should end, too. Its working directory is an empty one.
 */
export class ChildServer {
  readonly url: string
  /** For the requests of who has it listen there; `url` has no more than a name then. */
  readonly socketPath: string | undefined
  readonly #child: ChildProcess
  readonly #died = Promise.withResolvers<string>()
  readonly #exited = Promise.withResolvers<void>()
  #lines: string[] = []
  /** The last line that speaks of an error: many programs print their whole usage behind it. */
  #fault = ''
  #end: string | undefined

  /**
   * Resolves when it is ready. Throws the EngineError of `isReady`, or `bad_model` with its last words where it ends before
   * that. Whether the program is there at all, the caller has to look for.
   */
  static async start(options: ChildServerOptions): Promise<ChildServer> {
    for (let tried = 0; tried < maxPorts; tried++) {
      const [place, args] = await placeOf(options)
      const server = new ChildServer(options, place, args)
      if (await server.#isReady(options, place)) return server
    }
    throw new EngineError({
      reason: 'internal',
      detail: `${options.program}: another program took each port that it was given`,
    })
  }

  private constructor(
    { program, env, onLine, onText }: ChildServerOptions,
    place: ListeningPlace,
    args: readonly string[],
  ) {
    this.url = place.url
    this.socketPath = place.socketPath
    this.#child = spawn(program, args, { cwd: engineFolder(env), env, stdio: ['ignore', 'pipe', 'pipe'] })
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
    this.#child.once('exit', () => this.#exited.resolve())
    this.#child.once('close', (code, signal) => this.#ended(`${program}: ${signal ?? `exit code ${code}`}`))
    void this.died.then(() => {
      this.#exited.resolve()
      place.leave()
    })
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

  /** Ends it at once, in the middle of its work, and resolves when it is gone. `died` resolves, too. */
  async stop(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#exited.promise
  }

  /** False where somebody else has its place; it is gone then, as with whatever is thrown. */
  async #isReady({ program, isReady }: Options, place: ListeningPlace): Promise<boolean> {
    const dispatcher = new Agent(
      place.socketPath === undefined ? {} : { connect: { socketPath: place.socketPath } },
    )
    const over = new AbortController()
    void this.died.then(() => over.abort())
    try {
      for (let silent = 0; this.#end === undefined; await delay(lookMs)) {
        const holder = this.#child.pid === undefined ? 'nobody' : place.holder(this.#child.pid)
        if (holder === 'stranger') {
          await this.stop()
          return false
        }
        // A model is loaded for minutes before some listen.
        if (holder === 'nobody') continue
        const patience = AbortSignal.timeout(firstPatienceMs * 2 ** silent)
        try {
          if (await isReady(this.url, AbortSignal.any([over.signal, patience]), dispatcher)) return true
          silent = 0
        } catch (error) {
          if (over.signal.aborted) break
          if (!patience.aborted && !isOfConnection(error)) throw error
          if (patience.aborted && ++silent === silentLooks)
            throw badProgram(program, 'listens, and answers nothing', error)
        }
      }
    } catch (error) {
      await this.stop()
      if (!(error instanceof ZodError)) throw error
      throw badProgram(program, 'answers in another way than the versions that are known here', error)
    } finally {
      await dispatcher.destroy()
    }
    if (await place.isTaken()) return false
    throw new EngineError({ reason: 'bad_model', detail: await this.died })
  }

  #ended(how: string): void {
    this.#end ??= [how, this.lastWords].filter(part => part !== '').join(': ')
    this.#died.resolve(this.#end)
  }
}

async function placeOf(options: ChildServerOptions): Promise<[ListeningPlace, readonly string[]]> {
  if (options.listen === 'socket') {
    const socket = new PrivateSocket(options.env)
    return [socket, options.args(socket.socketPath)]
  }
  const place = await LoopbackPort.find()
  return [place, options.args(place.port)]
}

function badProgram(program: string, how: string, cause: unknown): EngineError {
  return new EngineError({ reason: 'bad_settings', detail: `program: ${program} ${how}` }, { cause })
}

/** ENOENT: of a socket. */
const connectionCodes = /^(ECONN\w+|EPIPE|ENOENT|UND_ERR_(SOCKET|CLOSED|\w+_TIMEOUT))$/

/** It does not listen yet, or has just ended. `fetch` has the reason as the cause. */
function isOfConnection(error: unknown): boolean {
  for (let one = error; one instanceof Error; one = one.cause)
    if ('code' in one && connectionCodes.test(String(one.code))) return true
  return false
}
