import type { IncomingMessage, ServerResponse } from 'node:http'
import type { WebSocket } from 'ws'
import type { RoomEvent } from '../../chat/protocol.ts'
import type { Change } from '../protocol.ts'
import { Frame } from './frame.ts'

/** Somebody's open stream. Calls `left` once, whoever ends it. */
export interface Reader {
  readonly user: string
  /** Asked again who it is when accounts or rooms change. */
  readonly request: IncomingMessage
  send(frame: Frame<RoomEvent | Change>): void
  /** Whether so much is unread that who has a choice sends no more. */
  readonly isFull: boolean
  /** Resolves when it reads again, or has left. */
  drained(): Promise<void>
  /** `gone`: there is nothing to come back to. `stopping`: come back in a moment. `unread`: come back when you can read. */
  end(why: keyof typeof closings): void
  /** Every 15 s. */
  ping(): void
}

/** Browsers and proxies close what is silent for longer, and whoever hears nothing for 40 s takes us for dead. */
export const pingMs = 15_000
/** A reader has nothing to say. */
export const mostFromReader = 1024
/** What one reader may leave unread; more would be kept in memory without end. It comes back by its cursor and misses nothing. */
export const unreadLimit = 4 * 1024 * 1024
/** What lies ready for one reader while it reads up. */
const portionBytes = 256 * 1024
const beat = new Frame({ type: 'beat' })
const closings = {
  gone: [1008, 'the room has gone'],
  account: [1008, 'the account has gone'],
  stopping: [1001, 'the server is stopping'],
  unread: [1013, 'what was sent is not read'],
} as const

export class SocketReader implements Reader {
  readonly user: string
  readonly request: IncomingMessage
  readonly #socket: WebSocket
  #wake: () => void = () => undefined
  #answers = true
  #ended = false

  constructor(user: string, request: IncomingMessage, socket: WebSocket, left: (reader: Reader) => void) {
    this.user = user
    this.request = request
    this.#socket = socket
    socket.on('pong', () => (this.#answers = true))
    // Nothing is said here: messages are posted.
    socket.on('message', () => this.#close(1003, 'this socket only tells'))
    // What is broken is closed next.
    socket.on('error', () => socket.terminate())
    socket.on('close', () => {
      this.#wake()
      left(this)
    })
  }

  send(frame: Frame<RoomEvent | Change>): void {
    if (this.#ended) return
    this.#socket.send(frame.socket, { binary: false }, () => {
      if (!this.isFull) this.#wake()
    })
    if (this.#socket.bufferedAmount > unreadLimit) this.end('unread')
  }

  get isFull(): boolean {
    return this.#socket.readyState === this.#socket.OPEN && this.#socket.bufferedAmount > portionBytes
  }

  async drained(): Promise<void> {
    if (!this.isFull) return
    await new Promise<void>(resolve => {
      this.#wake = resolve
    })
  }

  end(why: keyof typeof closings): void {
    const [code, reason] = closings[why]
    this.#close(code, reason)
  }

  /** Who didn't answer the last one has gone without a word. */
  ping(): void {
    if (!this.#answers) return this.#socket.terminate()
    this.#answers = false
    this.#socket.ping()
    // The script of a page sees no pings.
    this.send(beat)
  }

  #close(code: number, reason: string): void {
    if (this.#ended) return
    this.#ended = true
    this.#socket.close(code, reason)
    // The goodbye queues behind what is unread.
    setTimeout(() => this.#socket.terminate(), 2000).unref()
  }
}

export class SseReader implements Reader {
  readonly user: string
  readonly request: IncomingMessage
  readonly #response: ServerResponse
  #wake: () => void = () => undefined
  #ended = false

  constructor(
    user: string,
    request: IncomingMessage,
    response: ServerResponse,
    left: (reader: Reader) => void,
  ) {
    this.user = user
    this.request = request
    this.#response = response
    response.on('error', () => response.destroy())
    response.on('drain', () => this.#wake())
    response.on('close', () => {
      this.#wake()
      left(this)
    })
    response.write(`retry: ${retryMs}\n\n`)
  }

  send(frame: Frame<RoomEvent | Change>): void {
    if (this.#ended) return
    this.#response.write(frame.sse)
    if (this.#response.writableLength > unreadLimit) this.end('unread')
  }

  /** All that is written in one turn of the event loop counts, as it is handed on together. */
  get isFull(): boolean {
    return this.#response.writableNeedDrain
  }

  async drained(): Promise<void> {
    if (!this.isFull) return
    await new Promise<void>(resolve => {
      this.#wake = resolve
    })
  }

  end(why: keyof typeof closings): void {
    if (this.#ended) return
    this.#ended = true
    if (why === 'unread') this.#response.destroy()
    else this.#response.end()
  }

  /** Proxies close what is silent, and only a write shows that the reader has gone. */
  ping(): void {
    if (!this.#ended) this.#response.write(': here\n\n')
  }
}

/** How soon a browser comes back by itself. */
const retryMs = 1000
