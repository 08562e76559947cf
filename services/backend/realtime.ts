import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocketServer, type RawData, type WebSocket } from 'ws'
import type { PortalClient } from '../portal/client.ts'
import { EngineLink } from '../voice/engine-link.ts'
import { words } from '../voice/messages.ts'
import { RealtimeSession, type SessionHappening } from '../voice/session.ts'
import { TranscriptWriter } from '../voice/transcript.ts'
import { hasScope } from '../chat/users/who.ts'
import { rawProblem } from './api/problem-reply.ts'
import { Refusal } from './api/refusal.ts'
import type { Guard } from './guard.ts'
import { apiProblems, log } from './messages.ts'

/** A reader who leaves so much unread is cut off, or it would be kept in memory without end. */
const unreadLimit = 4 * 1024 * 1024
/** Well above the largest append that is answered with an error event and not with a closed socket. */
const messageLimit = 48 * 1024 * 1024
/** How long the last words of a client that left may take. */
const lastWordsMs = 5000

export interface RealtimeOptions {
  readonly portal: PortalClient
  /** Has seen to Host and Origin already. */
  readonly guard: Guard
  readonly transcript: string
  readonly log: (line: string) => void
}

/** `/v1/realtime`: one `RealtimeSession` for each WebSocket. */
export class RealtimeServer {
  readonly #options: RealtimeOptions
  readonly #sockets = new WebSocketServer({
    noServer: true,
    maxPayload: messageLimit,
    perMessageDeflate: false,
    // Browsers offer their key as a second "protocol"; it must not be chosen, and never be logged.
    handleProtocols: offered => (offered.has('realtime') ? 'realtime' : false),
  })
  readonly #shutdown = new AbortController()
  readonly #ending = new Set<Promise<void>>()
  readonly #transcript: TranscriptWriter
  #count = 0

  constructor(options: RealtimeOptions) {
    this.#options = options
    this.#transcript = new TranscriptWriter(options.transcript)
  }

  /** For the HTTP server's `upgrade` event. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const [path] = (request.url ?? '').split('?')
    if (path !== '/v1/realtime') return refuse(socket, new Refusal(404, apiProblems.noSuchSocket()))
    const who = this.#options.guard.who(request)
    if (who === undefined) return refuse(socket, new Refusal(401, apiProblems.notLoggedIn()))
    if (!hasScope(who, 'voice')) return refuse(socket, new Refusal(403, apiProblems.keyTooWeak('voice')))
    const { guard } = this.#options
    this.#sockets.handleUpgrade(request, socket, head, client => {
      this.#serve(client)
      const stop = guard.onChange(() => {
        if (guard.who(request) === undefined) client.close(1008, 'the account has gone')
      })
      client.on('close', stop)
    })
  }

  /** Says goodbye (1001) to all, and lets their sessions finish until the signal aborts. */
  async close(signal: AbortSignal): Promise<void> {
    const clients = [...this.#sockets.clients]
    const cut = (): void => {
      for (const client of clients) client.terminate()
    }
    signal.addEventListener('abort', cut)
    for (const client of clients) {
      // One that was held back for its engine could not answer the goodbye.
      client.resume()
      client.close(1001, 'the server is stopping')
    }
    this.#sockets.close()
    await Promise.all(clients.map(client => closed(client)))
    await Promise.race([Promise.all(this.#ending).then(() => this.#transcript.flush()), aborted(signal)])
    this.#shutdown.abort()
    signal.removeEventListener('abort', cut)
  }

  #serve(client: WebSocket): void {
    const number = ++this.#count
    const started = Date.now()
    let heldBack = false
    const say = (line: string): void => this.#options.log(log.connection(number, line))
    const session = new RealtimeSession({
      openLink: (settings, handlers) =>
        new EngineLink(this.#options.portal, settings, handlers, this.#shutdown.signal),
      send: event => {
        if (client.readyState !== client.OPEN) return
        client.send(JSON.stringify(event))
        if (client.bufferedAmount <= unreadLimit) return
        say(log.unread)
        cutOff(client)
      },
      report: happening => this.#report(happening, say),
      setPaused: paused => {
        if (paused) client.pause()
        else client.resume()
        // Once is enough: with a fast sender it goes to and fro.
        if (paused && !heldBack) say(log.heldBack)
        heldBack ||= paused
      },
      now: () => performance.now(),
    })
    client.on('message', (data, isBinary) => {
      if (isBinary) session.refuse(words.binary(), undefined)
      else session.receive(textOf(data))
    })
    client.on('error', error => say(log.broken(error.message)))
    client.on('close', code => {
      say(log.closed(code, Math.round((Date.now() - started) / 1000)))
      const ending = session
        .close(AbortSignal.timeout(lastWordsMs))
        .finally(() => this.#ending.delete(ending))
      this.#ending.add(ending)
    })
    say(log.opened)
    session.open()
  }

  #report(happening: SessionHappening, say: (line: string) => void): void {
    switch (happening.type) {
      case 'engine_ready':
        return say(log.engineReady(happening.afterMs))
      case 'engine_gone':
        return say(log.engineGone(happening.why))
      case 'final': {
        this.#options.log(log.final(happening.text, happening.delayMs))
        this.#transcript.append(happening.text, new Date()).catch((error: unknown) => {
          this.#options.log(log.transcriptFailed(this.#options.transcript, error))
        })
      }
    }
  }
}

/** 1013: try again later. The close frame queues behind what is unread, so the connection is cut soon after. */
function cutOff(client: WebSocket): void {
  client.close(1013, 'what was sent is not read')
  setTimeout(() => client.terminate(), 2000).unref()
}

function refuse(socket: Duplex, refusal: Refusal): void {
  socket.end(rawProblem(refusal))
}

function textOf(data: RawData): string {
  if (Array.isArray(data)) return Buffer.concat(data).toString('utf8')
  return Buffer.isBuffer(data) ? data.toString('utf8') : Buffer.from(data).toString('utf8')
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve())
  })
}

function closed(client: WebSocket): Promise<void> {
  return new Promise(resolve => {
    if (client.readyState === client.CLOSED) resolve()
    else client.on('close', () => resolve())
  })
}
