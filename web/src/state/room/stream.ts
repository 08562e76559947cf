import type { Cursor } from '../../../../services/chat/protocol.ts'
import { lastingSocket } from '../lasting-socket.ts'
import { batched } from './batch.ts'
import type { StreamEvent } from './reduce.ts'

export interface StreamOptions {
  /** The room's name may change while it is followed. */
  readonly url: (cursor: Cursor) => string
  readonly from: Cursor
  /** Several at once, a frame's worth. */
  readonly onEvents: (events: readonly StreamEvent[]) => void
  readonly onLost: () => void
  /** A connection was refused, and the browser doesn't say why. Resolves with whether to go on trying. */
  readonly mayReturn: () => Promise<boolean>
}

/** A room's stream, each connection from where the last one got to. */
export function followStream(options: StreamOptions, signal: AbortSignal): void {
  let cursor = options.from
  const batch = batched(options.onEvents, signal)
  lastingSocket(
    {
      url: () => options.url(cursor),
      onMessage: (data, { prove }) => {
        const event = JSON.parse(data) as StreamEvent
        if (event.type === 'hello') prove()
        if ('cursor' in event) cursor = event.cursor
        batch.push(event)
      },
      onLost: ({ proved }) => {
        batch.flush()
        if (signal.aborted) return false
        options.onLost()
        return proved || options.mayReturn()
      },
    },
    signal,
  )
}
