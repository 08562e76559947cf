import { once } from 'node:events'
import { chmodSync } from 'node:fs'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { connect } from 'node:net'
import { http } from '../../lib/http.ts'
import { identify } from '../../lib/process-identity.ts'
import { ProblemError, type Problem } from '../../lib/problem.ts'
import type { SupervisorEvent } from './events.ts'
import { keyOf } from './keys.ts'
import { problems } from './messages.ts'
import type { PaneLogs } from './pane-logs.ts'
import { removeIfThere } from './state-file.ts'
import type { Supervisor } from './supervisor.ts'

/**
 * The supervisor's door: HTTP with JSON on a Unix socket that only the user can open.
 * GET /status[?usage=1], /logs?service=…[&lines=n | &from=offset][&to=offset][&follow=1] (raw bytes), /events[?output=1]
 * (server-sent events, the first is `hello`); POST /restart {services?}, /start {services}, /stop {services}, /down, /pull,
 * /key {key}, /pane-logs, /input {service, bytes}, /resize {services, columns, rows}. A failure is {problem} with status 4xx or 5xx.
 */
export class Control {
  readonly #server: Server
  readonly #streams = new Set<ServerResponse>()
  readonly #supervisor: Supervisor
  readonly #panes: PaneLogs

  /** Listens there, in the place of a socket that a dead supervisor left; rejects if a living one answers. */
  static async listen(path: string, supervisor: Supervisor, panes: PaneLogs): Promise<Control> {
    if (await answers(path)) throw new Error(`somebody else answers at ${path}`)
    await removeIfThere(path)
    const control = new Control(supervisor, panes)
    control.#server.listen(path)
    await once(control.#server, 'listening')
    chmodSync(path, 0o600)
    return control
  }

  private constructor(supervisor: Supervisor, panes: PaneLogs) {
    this.#supervisor = supervisor
    this.#panes = panes
    this.#server = http.createServer((request, response) => {
      this.#answer(request, response).catch((error: unknown) => fail(response, error))
    })
  }

  /** Ends every stream after its last event; also removes the socket file. */
  async close(): Promise<void> {
    this.#server.close()
    for (const stream of this.#streams) stream.end()
    await new Promise(resolve => setImmediate(resolve))
    this.#server.closeAllConnections()
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://supervisor')
    const route = `${request.method} ${url.pathname}`
    switch (route) {
      case 'GET /status':
        return json(response, this.#supervisor.status({ usage: url.searchParams.get('usage') === '1' }))
      case 'GET /events':
        return this.#events(url.searchParams, response)
      case 'GET /logs':
        return await this.#logs(url.searchParams, response)
      case 'POST /restart':
        return json(response, { restarted: await this.#supervisor.restart(servicesOf(await body(request))) })
      case 'POST /start':
        this.#supervisor.start(namesOf(await body(request)))
        return json(response, {})
      case 'POST /stop':
        await this.#supervisor.stopServices(namesOf(await body(request)))
        return json(response, {})
      case 'POST /input': {
        const { service, bytes } = await body(request)
        if (typeof service !== 'string' || typeof bytes !== 'string')
          throw new ProblemError(problems.badRequest('service and bytes must be texts'))
        this.#supervisor.input(service, bytes)
        return json(response, {})
      }
      case 'POST /resize': {
        const { columns, rows, ...rest } = await body(request)
        if (!isSize(columns) || !isSize(rows))
          throw new ProblemError(problems.badRequest('columns and rows must be whole numbers from 1 to 2000'))
        this.#supervisor.resize(namesOf(rest), { columns, rows })
        return json(response, {})
      }
      case 'POST /pane-logs':
        this.#panes.begin(service => {
          const log = this.#supervisor.log(service)
          const from = log.offsetOfLastLines(100)
          return log.read(from, log.size - from)
        })
        return json(response, {})
      case 'POST /down':
        json(response, { supervisor: identify(process.pid) })
        return this.#supervisor.stop()
      case 'POST /pull':
        return json(response, await this.#supervisor.pull())
      case 'POST /key': {
        const { key } = await body(request)
        const pressed = typeof key === 'string' ? keyOf(key) : undefined
        if (pressed === undefined) throw new ProblemError(problems.badRequest('key must be q, r, p or c'))
        json(response, { pressed })
        return this.#supervisor.press(pressed)
      }
      default:
        throw new ProblemError(problems.noSuchRoute(route))
    }
  }

  #events(query: URLSearchParams, response: ServerResponse): void {
    const { hub } = this.#supervisor
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
    const send = (event: SupervisorEvent): void => {
      if (response.destroyed || response.writableEnded) return
      response.write(`data: ${JSON.stringify(event)}\n\n`)
      // Somebody who does not read must not grow us; it can connect again and gets the whole state.
      if (response.writableLength > 1_000_000) response.destroy()
    }
    const unsubscribe = hub.subscribe(send, { output: query.get('output') === '1' })
    const disown = query.get('owner') === '1' ? this.#supervisor.own() : undefined
    this.#streams.add(response)
    response.once('close', () => {
      unsubscribe()
      disown?.()
      this.#streams.delete(response)
    })
    send({ at: Date.now(), type: 'hello', status: this.#supervisor.status(), recent: [...hub.recent] })
  }

  async #logs(query: URLSearchParams, response: ServerResponse): Promise<void> {
    const log = this.#supervisor.log(query.get('service') ?? '')
    const lines = Number(query.get('lines') ?? 'NaN')
    const to = wholeNumber(query.get('to')) ?? Infinity
    let offset = Number.isInteger(lines)
      ? log.offsetOfLastLines(lines)
      : (wholeNumber(query.get('from')) ?? log.runStart)
    response.writeHead(200, { 'content-type': 'application/octet-stream' })
    response.flushHeaders()
    const follow = query.get('follow') === '1'
    this.#streams.add(response)
    // The reader sets the pace: what it has not taken yet stays in the file, and new output is no reason to send more.
    let isFull = false
    let goOn = (): void => undefined
    const unsubscribe = log.subscribe(() => {
      if (!isFull) goOn()
    })
    response.on('drain', () => {
      isFull = false
      goOn()
    })
    response.once('close', () => goOn())
    response.once('finish', () => goOn())
    while (!response.destroyed && !response.writableEnded) {
      const chunk = log.read(offset, Math.min(65_536, to - offset))
      // What a cap has deleted meanwhile is skipped.
      offset = Math.max(offset, log.start) + chunk.length
      if (offset >= to || (chunk.length === 0 && !follow)) break
      if (chunk.length > 0 && response.write(chunk)) continue
      isFull = chunk.length > 0
      const { promise, resolve } = Promise.withResolvers<void>()
      goOn = resolve
      await promise
    }
    unsubscribe()
    this.#streams.delete(response)
    response.end()
  }
}

async function answers(path: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const socket = connect(path)
  socket.once('connect', () => resolve(true))
  socket.once('error', () => resolve(false))
  const answered = await promise
  socket.destroy()
  return answered
}

// The bodies are checked by hand: the supervisor starts without loading zod.
async function body(request: IncomingMessage): Promise<Record<string, unknown>> {
  let text = ''
  for await (const chunk of request.setEncoding('utf8')) {
    text += chunk as string
    if (text.length > 65_536) throw new ProblemError(problems.badRequest('the body is too long'))
  }
  if (text === '') return {}
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new ProblemError(problems.badRequest('the body is not JSON'), { cause: error })
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>
  throw new ProblemError(problems.badRequest('the body must be an object'))
}

function servicesOf({ services }: Record<string, unknown>): string[] | undefined {
  if (services === undefined) return undefined
  if (Array.isArray(services) && services.every(name => typeof name === 'string')) return services
  throw new ProblemError(problems.badRequest('services must be a list of names'))
}

function namesOf(body: Record<string, unknown>): string[] {
  const names = servicesOf(body)
  if (names !== undefined && names.length > 0) return names
  throw new ProblemError(problems.badRequest('services must be a list of names'))
}

function isSize(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) >= 1 && Number(value) <= 2000
}

function wholeNumber(text: string | null): number | undefined {
  return text !== null && /^\d+$/.test(text) ? Number(text) : undefined
}

function json(response: ServerResponse, value: unknown, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify(value))
}

function fail(response: ServerResponse, error: unknown): void {
  const known = error instanceof ProblemError
  const problem: Problem = known ? error.problem : problems.internal(String(error))
  if (response.headersSent) response.destroy()
  else json(response, { problem }, known ? 400 : 500)
}
