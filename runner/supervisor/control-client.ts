import type { IncomingMessage } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { http } from '../../lib/http.ts'
import { isAlive, type ProcessIdentity } from '../../lib/process-identity.ts'
import { ProblemError, type Problem } from '../../lib/problem.ts'
import type { PullResult, Status, SupervisorEvent } from './events.ts'
import type { Key } from './keys.ts'
import { problems } from './messages.ts'
import type { Restarted } from './service-set.ts'

export type Connection =
  | { running: true; client: ControlClient; status: Status }
  /** `no_socket`: none was started, or it has ended; `stale_socket`: one was killed; `no_answer`: it is ending. */
  | { running: false; reason: 'no_socket' | 'stale_socket' | 'no_answer' }

/** Finds out whether a supervisor answers at this socket. `waitMs`: how long to wait for one that is just starting. */
export async function connect(socketPath: string, waitMs = 0): Promise<Connection> {
  for (const end = Date.now() + waitMs; ; await delay(10)) {
    const client = new ControlClient(socketPath)
    try {
      return { running: true, client, status: await client.status() }
    } catch (error) {
      const reason = reasonOf(error)
      if (reason === undefined) throw error
      if (Date.now() >= end) return { running: false, reason }
    }
  }
}

/** Talks to a supervisor. A refusal is thrown as ProblemError, with the supervisor's own words. */
export class ControlClient {
  readonly #socketPath: string

  constructor(socketPath: string) {
    this.#socketPath = socketPath
  }

  /** `usage`: with CPU and memory of every service, which costs a look through /proc. */
  async status(options: { usage?: boolean } = {}): Promise<Status> {
    return (await this.#json('GET', options.usage === true ? '/status?usage=1' : '/status')) as Status
  }

  /**
   * What happens from now on, `hello` with the whole status first; ends with the supervisor, or when `signal` aborts.
   * With `output`, also which bytes the services printed, in order with everything else. `owner`: as long as we listen,
   * the supervisor may end with `renew` and count on us to start the stack anew.
   */
  async *events(
    signal?: AbortSignal,
    options: { output?: boolean; owner?: boolean } = {},
  ): AsyncGenerator<SupervisorEvent> {
    const query = [
      ...(options.output === true ? ['output=1'] : []),
      ...(options.owner === true ? ['owner=1'] : []),
    ]
    const path = query.length === 0 ? '/events' : `/events?${query.join('&')}`
    const response = await this.#send('GET', path, undefined, signal).catch(endedMeanwhile)
    if (response === undefined) return
    let text = ''
    for await (const chunk of untilClosed(response.setEncoding('utf8'))) {
      const records = (text + String(chunk)).split('\n\n')
      text = records.pop() ?? ''
      for (const record of records) yield JSON.parse(record.replace(/^data: /, '')) as SupervisorEvent
    }
  }

  /** The raw bytes of a service's log: all of it, or the last `lines`; with `follow` it goes on as it grows. */
  async *logs(
    service: string,
    options: { lines?: number; follow?: boolean; signal?: AbortSignal } = {},
  ): AsyncGenerator<Buffer> {
    const query = new URLSearchParams({ service })
    if (options.lines !== undefined) query.set('lines', String(options.lines))
    if (options.follow === true) query.set('follow', '1')
    const response = await this.#send('GET', `/logs?${query.toString()}`, undefined, options.signal)
    for await (const chunk of untilClosed(response)) yield chunk as Buffer
  }

  /**
   * Without names: what the key R restarts. Resolves when the new processes are there; `signal` ends the waiting for them,
   * not the restart.
   */
  async restart(services?: string[], signal?: AbortSignal): Promise<Restarted[]> {
    const answer = await this.#json('POST', '/restart', services === undefined ? {} : { services }, signal)
    return (answer as { restarted: Restarted[] }).restarted
  }

  /** Starts services, and first what they depend on; those that run already are left alone. */
  async start(services: string[]): Promise<void> {
    await this.#json('POST', '/start', { services })
  }

  /** Stops services, and first what depends on them; resolves when they are gone. They stay stopped until they are started. */
  async stop(services: string[]): Promise<void> {
    await this.#json('POST', '/stop', { services })
  }

  /** Types into a service's terminal: bytes as they would come from a keyboard. */
  async input(service: string, bytes: string): Promise<void> {
    await this.#json('POST', '/input', { service, bytes })
  }

  /** Tells the services' terminals how large their pane is; the last console that says so wins. */
  async resize(services: string[], size: { columns: number; rows: number }): Promise<void> {
    await this.#json('POST', '/resize', { services, ...size })
  }

  /** Resolves when the supervisor and all its services are gone. A second call while they stop kills them. */
  async down(): Promise<void> {
    const { supervisor } = (await this.#json('POST', '/down')) as { supervisor?: ProcessIdentity }
    while (supervisor !== undefined && isAlive(supervisor))
      await delay(process.platform === 'linux' ? 5 : 100)
  }

  /** Begins the panes' log files, if the run has none yet; resolves when they can be followed. */
  async startPaneLogs(): Promise<void> {
    await this.#json('POST', '/pane-logs')
  }

  async pull(): Promise<PullResult> {
    return (await this.#json('POST', '/pull')) as PullResult
  }

  async key(key: Key): Promise<void> {
    await this.#json('POST', '/key', { key })
  }

  async #json(method: string, path: string, body?: object, signal?: AbortSignal): Promise<unknown> {
    const response = await this.#send(method, path, body, signal)
    return JSON.parse(await textOf(response)) as unknown
  }

  async #send(method: string, path: string, body?: object, signal?: AbortSignal): Promise<IncomingMessage> {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
    const sent = http.request({
      socketPath: this.#socketPath,
      method,
      path,
      agent: false,
      ...(signal === undefined ? {} : { signal }),
    })
    sent.once('response', resolve)
    sent.on('error', reject)
    sent.end(body === undefined ? undefined : JSON.stringify(body))
    let response: IncomingMessage
    try {
      response = await promise
    } catch (error) {
      if (reasonOf(error) === 'no_answer') throw new ProblemError(problems.gone(), { cause: error })
      throw error
    }
    if (response.statusCode === 200) return response
    const { problem } = JSON.parse(await textOf(response)) as { problem: Problem }
    throw new ProblemError(problem)
  }
}

/** One that was killed between two questions has no events any more. */
function endedMeanwhile(error: unknown): undefined {
  if (reasonOf(error) === undefined) throw error
}

async function textOf(response: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of response.setEncoding('utf8')) text += String(chunk)
  return text
}

/** The body until its end; a connection that breaks off (the supervisor was killed, or we stopped) is an end too. */
async function* untilClosed(response: IncomingMessage): AsyncGenerator {
  try {
    yield* response
  } catch (error) {
    const { code, name } = error as NodeJS.ErrnoException
    if (code !== 'ECONNRESET' && name !== 'AbortError') throw error
  }
}

function reasonOf(error: unknown): (Connection & { running: false })['reason'] | undefined {
  if (error instanceof ProblemError) return error.problem.code === 'supervisor_gone' ? 'no_answer' : undefined
  const { code } = error as NodeJS.ErrnoException
  if (code === 'ENOENT') return 'no_socket'
  if (code === 'ECONNREFUSED') return 'stale_socket'
  return code === 'ECONNRESET' || code === 'EPIPE' ? 'no_answer' : undefined
}
