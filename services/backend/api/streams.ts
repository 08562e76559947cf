import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocketServer } from 'ws'
import { z } from 'zod'
import type { LiveReply } from '../../chat/protocol.ts'
import { roleIn } from '../../chat/rooms/access.ts'
import type { Room } from '../../chat/rooms/room.ts'
import { apiProblems, log } from '../messages.ts'
import { admit } from './access.ts'
import { asRefusal, isExpected, rawProblem } from './problem-reply.ts'
import { mostFromReader, pingMs, SocketReader, SseReader, type Reader } from './reader.ts'
import { Refusal } from './refusal.ts'
import { RoomStream, type From } from './room-stream.ts'
import { route, type Api } from './route.ts'
import type { StreamCount } from './stream-count.ts'

const streamQuery = z.object({
  offset: z.coerce.number().int().min(0).optional(),
  check: z
    .string()
    .regex(/^[0-9a-f]{8}$/)
    .optional(),
})
const lastEventId = /^(\d{1,15})\.([0-9a-f]{8})$/
const streamPath = /^\/api\/rooms\/([^/]+)\/stream$/

export interface StreamsOptions {
  readonly live: (roomId: string) => LiveReply[]
  readonly count: StreamCount
  /** Somebody has come to the room or left it. */
  readonly onPresence: (roomId: string) => void
}

/** `/api/rooms/:id/stream`, as WebSocket and as server-sent events: who reads which room. */
export class Streams {
  readonly #api: Api
  readonly #options: StreamsOptions
  readonly #rooms = new Map<Room, RoomStream>()
  /** Who left while its room was opened must not join it. */
  readonly #left = new WeakSet<Reader>()
  readonly #sockets = new WebSocketServer({
    noServer: true,
    maxPayload: mostFromReader,
    perMessageDeflate: false,
  })
  readonly #pinging: NodeJS.Timeout
  readonly #off: () => void
  #stopping = false

  constructor(api: Api, options: StreamsOptions) {
    this.#api = api
    this.#options = options
    this.#pinging = setInterval(() => this.#ping(), pingMs).unref()
    this.#off = api.accounts.onChange(() => this.recheck())
    this.#sse()
  }

  /** Whether an upgrade is for here. */
  takes({ url = '' }: IncomingMessage): boolean {
    return streamPath.test(pathOf(url))
  }

  /** For the HTTP server's `upgrade` event, after the guard. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    try {
      const url = new URL(request.url ?? '', 'http://host')
      const id = decodeURIComponent(streamPath.exec(url.pathname)?.[1] ?? '')
      const { user, from } = this.#admit(request, id, Object.fromEntries(url.searchParams))
      this.#sockets.handleUpgrade(request, socket, head, client => {
        this.#join(id, new SocketReader(user, request, client, reader => this.#leave(reader)), from)
      })
    } catch (error) {
      const refusal =
        error instanceof URIError ? new Refusal(404, apiProblems.noSuchRoom()) : asRefusal(error)
      if (!(error instanceof URIError) && !isExpected(error))
        this.#api.log(log.failed('UPGRADE', pathOf(request.url ?? ''), error))
      socket.end(rawProblem(refusal))
    }
  }

  /** Users with an open stream of the room. */
  present(roomId: string): string[] {
    return this.#open(roomId)?.present ?? []
  }

  /** How many streams of the room are open. */
  readers(roomId: string): number {
    return this.#open(roomId)?.size ?? 0
  }

  /** After each change of accounts, members or names: who may no longer read is told so and sent away. */
  recheck(): void {
    for (const [room, stream] of this.#rooms) {
      const entry = this.#api.rooms.entry(room.id)
      for (const reader of stream.readers()) {
        const who = this.#api.guard.who(reader.request)
        if (who === undefined || entry === undefined || roleIn(entry, who) === undefined)
          stream.dismiss(reader)
      }
    }
  }

  /** They come back by their cursors. */
  close(): void {
    this.#stopping = true
    clearInterval(this.#pinging)
    this.#off()
    for (const stream of this.#rooms.values()) {
      for (const reader of stream.readers()) reader.end('stopping')
      stream.close()
    }
    this.#sockets.close()
  }

  #sse(): void {
    route(
      this.#api,
      {
        method: 'GET',
        path: '/api/rooms/:id/stream',
        access: 'reader',
        summary: 'What is said in a room, from a cursor on or from now: server-sent events or WebSocket',
        params: z.object({ id: z.string() }),
        query: streamQuery,
        reply: {
          type: 'text/event-stream',
          about:
            'Each `data:` is a RoomEvent, its `id:` (offset.check) is the cursor to come back with (Last-Event-ID). ' +
            'With `Upgrade: websocket` the same events come as text messages.',
        },
      },
      ({ request, reply, entry, query }) => {
        const { user, from } = this.#admit(request.raw, entry.id, query)
        reply.hijack()
        reply.raw.writeHead(200, {
          'content-type': 'text/event-stream; charset=utf-8',
          'cache-control': 'no-cache, no-transform',
          'x-accel-buffering': 'no',
        })
        this.#join(entry.id, new SseReader(user, request.raw, reply.raw, reader => this.#leave(reader)), from)
      },
    )
  }

  #admit(request: IncomingMessage, id: string, query: unknown): { user: string; from: From } {
    const { who } = admit(this.#api, { access: 'reader', scope: 'rooms:read' }, request, id)
    if (who === undefined) throw new Refusal(401, apiProblems.notLoggedIn())
    if (this.#stopping) throw new Refusal(503, apiProblems.stopping(), { 'retry-after': '1' })
    this.#options.count.check(who.name)
    return { user: who.name, from: fromOf(request, query) }
  }

  #join(id: string, reader: Reader, from: From): void {
    this.#options.count.take(reader.user)
    this.#streamOf(id)
      .then(stream => (this.#left.has(reader) ? undefined : stream.join(reader, from)))
      .catch((error: unknown) => {
        this.#api.log(log.failed('STREAM', id, error))
        reader.end('stopping')
      })
  }

  #leave(reader: Reader): void {
    this.#left.add(reader)
    this.#options.count.give(reader.user)
    for (const [room, stream] of this.#rooms) {
      stream.leave(reader)
      if (stream.size > 0) continue
      stream.close()
      this.#rooms.delete(room)
    }
  }

  async #streamOf(id: string): Promise<RoomStream> {
    const room = await this.#api.rooms.room(id)
    const stream = this.#rooms.get(room) ?? new RoomStream(room, this.#options)
    this.#rooms.set(room, stream)
    return stream
  }

  /** By its name as of now. */
  #open(roomId: string): RoomStream | undefined {
    return [...this.#rooms.values()].find(({ room }) => room.id === roomId)
  }

  #ping(): void {
    for (const stream of this.#rooms.values()) for (const reader of stream.readers()) reader.ping()
  }
}

/** A browser's own memory of where it was counts more than what its page once asked for. */
function fromOf(request: IncomingMessage, query: unknown): From {
  const last = lastEventId.exec(String(request.headers['last-event-id'] ?? ''))
  if (last !== null) return { offset: Number(last[1]), check: last[2] }
  const parsed = streamQuery.safeParse(query)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    throw new Refusal(400, apiProblems.badField('query', issue?.path.join('.') ?? '', issue?.message ?? ''))
  }
  const { offset, check } = parsed.data
  return offset === undefined ? undefined : { offset, check }
}

function pathOf(url: string): string {
  return url.split('?')[0] ?? ''
}
