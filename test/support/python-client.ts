import { type ChildProcess, spawn } from 'node:child_process'
import { EventEmitter, on, once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Result } from '../../services/portal/request.ts'
import type {
  ClientTransport,
  RequestInput,
  RunningOrEnded,
  SubmitOptions,
  SubmittedJob,
} from '../../services/portal/transport.ts'

interface Told {
  readonly call: number
  readonly value?: unknown
  readonly line?: unknown
}

/** The client in Python, in a process that is told line by line what to do. */
export class PythonClient implements ClientTransport {
  readonly #child: ChildProcess
  readonly #told = new EventEmitter()
  readonly #jobs = new Map<string, SubmittedJob>()
  readonly #gone = new AbortController()
  #calls = 0

  static async start(
    python: string,
    env: NodeJS.ProcessEnv,
    spool: string,
    service: string,
  ): Promise<PythonClient> {
    const program = join(import.meta.dirname, 'programs/contract_client.py')
    const child = spawn(python, [program, spool, service], { env, stdio: ['pipe', 'pipe', 'inherit'] })
    const client = new PythonClient(child)
    await once(client.#told, '0')
    return client
  }

  private constructor(child: ChildProcess) {
    this.#child = child
    this.#told.setMaxListeners(0)
    child.once('exit', code => this.#gone.abort(new Error(`the client in Python ended with ${code}`)))
    createInterface({ input: child.stdout! }).on('line', line => {
      const told = JSON.parse(line) as Told
      this.#told.emit(String(told.call), told)
    })
  }

  async submit(body: RequestInput, { id, files = [], deadline }: SubmitOptions = {}): Promise<SubmittedJob> {
    const named = Object.fromEntries(files.map(({ name, from }) => [name, from]))
    const until = deadline === undefined ? null : deadline.getTime() / 1000
    const call = { do: 'submit', body, id: id ?? null, files: named, deadline: until }
    return this.#jobOf((await this.#call(call)) as string)
  }

  job(id: string): Promise<SubmittedJob> {
    return Promise.resolve(this.#jobOf(id))
  }

  [Symbol.dispose](): void {
    this.#child.kill('SIGKILL')
  }

  /** One for an id: its answer is there only once. */
  #jobOf(id: string): SubmittedJob {
    const job = this.#jobs.get(id) ?? this.#newJob(id)
    this.#jobs.set(id, job)
    return job
  }

  #newJob(id: string): SubmittedJob {
    let result: Promise<Result> | undefined
    const wait = (signal?: AbortSignal, { filesTo }: { filesTo?: string } = {}) => {
      const waiting = this.#call({ do: 'wait', id, filesTo: filesTo ?? null }, signal) as Promise<Result>
      // What was collected is not there to be waited for again.
      if (signal === undefined) result = waiting
      return waiting
    }
    return {
      id,
      wait: async (signal, options) => await (result ?? wait(signal, options)),
      waitForStatus: (): Promise<RunningOrEnded> => Promise.reject(new Error('not in Python')),
      stream: () => this.#lines({ do: 'stream', id }),
      cancel: async () => {
        await this.#call({ do: 'cancel', id })
      },
      [Symbol.dispose]: () => undefined,
    }
  }

  async #call(what: object, signal?: AbortSignal): Promise<unknown> {
    const call = ++this.#calls
    const signals = AbortSignal.any(signal === undefined ? [this.#gone.signal] : [this.#gone.signal, signal])
    const told = once(this.#told, String(call), { signal: signals }) as Promise<[Told]>
    this.#tell({ ...what, call })
    try {
      return (await told)[0].value
    } catch (error) {
      this.#tell({ do: 'stop', call })
      throw error
    }
  }

  async *#lines(what: object): AsyncGenerator {
    const call = ++this.#calls
    const told = on(this.#told, String(call), { signal: this.#gone.signal }) as AsyncIterable<[Told]>
    this.#tell({ ...what, call })
    for await (const [{ line }] of told) {
      if (line === undefined) return
      yield line
    }
  }

  #tell(what: object): void {
    this.#child.stdin?.write(`${JSON.stringify(what)}\n`)
  }
}
