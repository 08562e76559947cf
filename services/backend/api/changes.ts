import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocketServer } from 'ws'
import { roleIn } from '../../chat/rooms/access.ts'
import type { RoomsChange } from '../../chat/rooms/rooms.ts'
import type { Who } from '../../chat/users/who.ts'
import { apiProblems, log } from '../messages.ts'
import type { Change } from '../protocol.ts'
import { admit } from './access.ts'
import { Frame } from './frame.ts'
import { asRefusal, isExpected, rawProblem } from './problem-reply.ts'
import { mostFromReader, pingMs, type Reader, SocketReader } from './reader.ts'
import { Refusal } from './refusal.ts'
import type { Api } from './route.ts'
import type { StreamCount } from './stream-count.ts'

/** A hint of each kind at most so often to each listener: it answers each with a request. */
const pauseMs = 350

export const changesPath = '/api/changes'

type Kind = Exclude<Change['type'], 'beat'>

interface Listener {
  readonly reader: Reader
  who: Who
  readonly pending: Set<Kind>
  timer: NodeJS.Timeout | undefined
}

/** `/api/changes`, a WebSocket that tells of what kind something has changed, and nothing about it: whoever may see it asks. */
export class Changes {
  readonly #api: Api
  readonly #count: StreamCount
  readonly #listeners = new Set<Listener>()
  readonly #frames = new Map<Kind, Frame<Change>>()
  readonly #sockets = new WebSocketServer({
    noServer: true,
    maxPayload: mostFromReader,
    perMessageDeflate: false,
  })
  readonly #pinging: NodeJS.Timeout
  readonly #off: readonly (() => void)[]
  #stopping = false

  constructor(api: Api, count: StreamCount) {
    this.#api = api
    this.#count = count
    this.#pinging = setInterval(() => {
      for (const { reader } of this.#listeners) reader.ping()
    }, pingMs).unref()
    this.#off = [
      api.rooms.observe(change => this.#roomChanged(change)),
      api.accounts.onChange(() => this.#accountsChanged()),
    ]
  }

  /** Whether an upgrade is for here. */
  takes({ url = '' }: IncomingMessage): boolean {
    return url.split('?')[0] === changesPath
  }

  /** For the HTTP server's `upgrade` event, after the guard. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    try {
      const { who } = admit(this.#api, { access: 'user', scope: 'rooms:read' }, request)
      if (who === undefined) throw new Refusal(401, apiProblems.notLoggedIn())
      if (this.#stopping) throw new Refusal(503, apiProblems.stopping(), { 'retry-after': '1' })
      this.#count.check(who.name)
      this.#sockets.handleUpgrade(request, socket, head, client => {
        this.#count.take(who.name)
        const reader = new SocketReader(who.name, request, client, () => this.#leave(listener))
        const listener: Listener = { reader, who, pending: new Set(), timer: undefined }
        this.#listeners.add(listener)
      })
    } catch (error) {
      const refusal = asRefusal(error)
      if (!isExpected(error)) this.#api.log(log.failed('UPGRADE', changesPath, error))
      socket.end(rawProblem(refusal))
    }
  }

  /** Tells all, or one user. */
  tell(kind: Kind, user?: string): void {
    for (const listener of this.#listeners)
      if (user === undefined || listener.who.name === user) this.#hint(listener, kind)
  }

  /** Tells those who may read that room. */
  tellOfRoom(id: string): void {
    const entry = this.#api.rooms.entry(id)
    if (entry === undefined) return
    for (const listener of this.#listeners) {
      if (listener.pending.has('rooms')) continue
      if (roleIn(entry, listener.who) !== undefined) this.#hint(listener, 'rooms')
    }
  }

  /** They come back. */
  close(): void {
    this.#stopping = true
    clearInterval(this.#pinging)
    for (const off of this.#off) off()
    for (const { reader } of this.#listeners) reader.end('stopping')
    this.#sockets.close()
  }

  #roomChanged(change: RoomsChange): void {
    // Who may read it no longer has to ask, too, as after a name that makes it private; and that some room is another one says nothing.
    if (change.type === 'entry' || change.type === 'gone' || change.type === 'renamed') this.tell('rooms')
    else this.tellOfRoom(change.id)
  }

  #accountsChanged(): void {
    for (const listener of this.#listeners) {
      const who = this.#api.guard.who(listener.reader.request)
      if (who === undefined) listener.reader.end('account')
      else listener.who = who
    }
    this.tell('users')
    // Who owns what goes with the accounts.
    this.tell('rooms')
  }

  /** At once, and what comes within the pause after it. */
  #hint(listener: Listener, kind: Kind): void {
    listener.pending.add(kind)
    if (listener.timer === undefined) this.#flush(listener)
  }

  #flush(listener: Listener): void {
    listener.timer = undefined
    if (listener.pending.size === 0) return
    for (const kind of listener.pending) this.#send(listener, kind)
    listener.pending.clear()
    listener.timer = setTimeout(() => this.#flush(listener), pauseMs)
  }

  #send({ reader }: Listener, type: Kind): void {
    const frame = this.#frames.get(type) ?? new Frame<Change>({ type })
    this.#frames.set(type, frame)
    reader.send(frame)
  }

  #leave(listener: Listener): void {
    clearTimeout(listener.timer)
    this.#listeners.delete(listener)
    this.#count.give(listener.reader.user)
  }
}
