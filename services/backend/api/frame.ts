import type { RoomEvent } from '../../chat/protocol.ts'
import type { Change } from '../protocol.ts'

/** An event as its readers get it: written out once, however many they are. */
export class Frame<E extends RoomEvent | Change = RoomEvent> {
  readonly event: E
  #json: string | undefined
  #socket: Buffer | undefined
  #sse: string | undefined

  constructor(event: E) {
    this.event = event
  }

  /** Of what goes over the wire, about. */
  get bytes(): number {
    return this.socket.length
  }

  /** For a WebSocket, as text. */
  get socket(): Buffer {
    return (this.#socket ??= Buffer.from((this.#json ??= JSON.stringify(this.event))))
  }

  /** For server-sent events; the id is the cursor, with which a browser comes back by itself. */
  get sse(): string {
    if (this.#sse === undefined) {
      this.#json ??= JSON.stringify(this.event)
      const id = 'cursor' in this.event ? `id: ${this.event.cursor.offset}.${this.event.cursor.check}\n` : ''
      this.#sse = `${id}data: ${this.#json}\n\n`
    }
    return this.#sse
  }
}
