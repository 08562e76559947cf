import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { WebSocket } from 'ws'
import { ProblemError } from '../../lib/problem.ts'
import { type Cursor, type RoomEvent, roomEventSchema } from '../../services/chat/protocol.ts'
import { type Backend, roomPath } from './backend.ts'

/** What a reader of a room sees: its events, and when the backend has gone and come back. */
export type Seen = RoomEvent | { readonly type: 'lost' } | { readonly type: 'resumed' }

const firstPauseMs = 100
const longestPauseMs = 2000

/**
 * The events of a room from a cursor on, until the room has gone or the signal aborts. A backend that ends and comes back
 * is resumed from the last cursor: no message is missed and none comes twice. The backend has been there just before; rejects
 * with a ProblemError when it refuses the first connection.
 */
export async function* roomStream(
  backend: Backend,
  room: string,
  from: Cursor,
  signal: AbortSignal,
): AsyncGenerator<Seen> {
  let cursor = from
  let name = room
  let pause = firstPauseMs
  let isFirst = true
  while (!signal.aborted) {
    let opened = false
    for await (const event of connection(backend, name, cursor, signal)) {
      if (!opened && !isFirst) yield { type: 'resumed' }
      opened = true
      isFirst = false
      pause = firstPauseMs
      if ('cursor' in event) cursor = event.cursor
      if (event.type === 'renamed') name = event.to
      // The connection lives, which nobody asked.
      if (event.type === 'beat') continue
      yield event
      if (event.type === 'gone') return
    }
    if (signal.aborted) return
    if (opened) yield { type: 'lost' }
    // Its words are the first connection's; later the backend may be starting, or be somebody else's for a moment.
    else if (isFirst) await refused(backend, name)
    await delay(pause, undefined, { signal }).catch(() => undefined)
    pause = Math.min(2 * pause, longestPauseMs)
  }
}

/** Rejects with why a connection was refused; one that just could not be made may be made later. */
async function refused(backend: Backend, room: string): Promise<void> {
  try {
    await backend.tell('GET', roomPath(room))
  } catch (error) {
    // It was there a moment ago: the caller has listed the messages.
    if (!(error instanceof ProblemError) || error.problem.code !== 'not_running') throw error
  }
}

/** One WebSocket's events; ends when it is closed, for whatever reason. */
async function* connection(
  backend: Backend,
  room: string,
  { offset, check }: Cursor,
  signal: AbortSignal,
): AsyncGenerator<RoomEvent> {
  const url = `${backend.url.replace(/^http/, 'ws')}/api${roomPath(room)}/stream?offset=${offset}&check=${check}`
  const socket = new WebSocket(url, { headers: backend.headers, perMessageDeflate: false })
  const waiting: RoomEvent[] = []
  let wake: () => void = () => undefined
  let isClosed = false
  socket.on('message', data => {
    // Events of a newer backend that this does not know.
    const event = roomEventSchema.safeParse(JSON.parse((data as Buffer).toString('utf8')))
    if (event.success) waiting.push(event.data)
    wake()
  })
  // What it was shows in the close that follows.
  socket.on('error', () => undefined)
  socket.on('close', () => {
    isClosed = true
    wake()
  })
  const stop = (): void => socket.close(1000)
  signal.addEventListener('abort', stop)
  try {
    if (signal.aborted) return
    for (;;) {
      const event = waiting.shift()
      if (event !== undefined) yield event
      else if (isClosed) return
      else {
        await new Promise<void>(resolve => {
          wake = resolve
        })
      }
    }
  } finally {
    signal.removeEventListener('abort', stop)
    socket.close(1000)
    if (!isClosed) {
      setTimeout(() => socket.terminate(), 1000).unref()
      await once(socket, 'close')
    }
  }
}
