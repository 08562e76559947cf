import { once } from 'node:events'
import { request, type Dispatcher } from 'undici'
import { WebSocket } from 'ws'
import { roomEventSchema, type RoomEvent } from '../../services/chat/protocol.ts'
import type { Credentials } from './api-rig.ts'

/** A reader of a room's stream, in the test: what came, in order, and how it ended. */
export interface StreamClient extends AsyncDisposable {
  readonly events: RoomEvent[]
  /** Waits for an event that came or comes; an end without it fails. */
  saw<T extends RoomEvent>(is: (event: RoomEvent) => event is T): Promise<T>
  saw(is: (event: RoomEvent) => boolean): Promise<RoomEvent>
  /** The texts of the messages so far. */
  texts(): string[]
  /** WebSocket's close code; 0 for server-sent events. */
  readonly ended: Promise<number>
}

/** `url`: of the backend; `path`: with query. */
export async function openSocket(
  url: string,
  path: string,
  headers: Credentials = {},
): Promise<StreamClient> {
  const socket = new WebSocket(url.replace(/^http/, 'ws') + path, { headers, perMessageDeflate: false })
  const log = new EventLog()
  socket.on('message', data => log.add(JSON.parse((data as Buffer).toString('utf8'))))
  const ended = new Promise<number>(resolve => socket.on('close', resolve))
  void ended.then(() => log.end())
  await once(socket, 'open')
  // A killed server; the close that follows tells it.
  socket.on('error', () => undefined)
  return log.client(ended, () => socket.terminate())
}

export async function openSse(url: string, path: string, headers: Credentials = {}): Promise<StreamClient> {
  const stop = new AbortController()
  const answer = await request(`${url}${path}`, { headers, signal: stop.signal, bodyTimeout: 0 })
  if (answer.statusCode !== 200) throw new Error(`${answer.statusCode} ${await answer.body.text()}`)
  const log = new EventLog()
  const ended = readSse(answer.body, log, stop.signal).then(() => 0)
  return log.client(ended, () => stop.abort())
}

async function readSse(
  body: Dispatcher.ResponseData['body'],
  log: EventLog,
  signal: AbortSignal,
): Promise<void> {
  let rest = ''
  try {
    for await (const chunk of body.setEncoding('utf8') as AsyncIterable<string>) {
      const blocks = (rest + chunk).split('\n\n')
      rest = blocks.pop() ?? ''
      for (const block of blocks) {
        const id = /^id: (.*)$/m.exec(block)?.[1]
        const data = /^data: (.*)$/m.exec(block)?.[1]
        if (data !== undefined) log.add(JSON.parse(data), id)
      }
    }
  } catch (error) {
    // A connection that breaks is an end like another one; whoever waits for an event is told.
    if (!signal.aborted && (error as { code?: string }).code !== 'UND_ERR_SOCKET') throw error
  } finally {
    log.end()
  }
}

class EventLog {
  readonly events: RoomEvent[] = []
  readonly #waiting = new Set<() => void>()
  #over = false

  /** `id`: as server-sent events have it; it must be the cursor. */
  add(value: unknown, id?: string): void {
    const event = roomEventSchema.parse(value)
    if (id !== undefined && (!('cursor' in event) || id !== `${event.cursor.offset}.${event.cursor.check}`)) {
      throw new Error(`id ${id} is not the cursor of ${JSON.stringify(event)}`)
    }
    this.events.push(event)
    for (const look of this.#waiting) look()
  }

  end(): void {
    this.#over = true
    for (const look of this.#waiting) look()
  }

  client(ended: Promise<number>, close: () => void): StreamClient {
    const saw = async (is: (event: RoomEvent) => boolean): Promise<RoomEvent> => {
      const { promise, resolve, reject } = Promise.withResolvers<RoomEvent>()
      const look = (): void => {
        const event = this.events.find(is)
        if (event !== undefined) resolve(event)
        else if (this.#over)
          reject(new Error(`ended without it:\n${this.events.map(e => JSON.stringify(e)).join('\n')}`))
      }
      this.#waiting.add(look)
      look()
      return await promise.finally(() => this.#waiting.delete(look))
    }
    return {
      events: this.events,
      saw,
      texts: () => this.events.flatMap(event => (event.type === 'message' ? [event.message.text] : [])),
      ended,
      [Symbol.asyncDispose]: async () => {
        close()
        await ended
      },
    }
  }
}
