import type { Cursor } from '../../../../services/chat/protocol.ts'
import { batched } from './batch.ts'
import type { StreamEvent } from './reduce.ts'

/** Longer than two beats of the server. */
const silentMs = 40_000
const longestPauseMs = 2000

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

/**
 * A room's stream over as many connections as it takes, each from where the last one got to.
 *
 *   connecting ──hello──▶ open ──closed, or silent──▶ waiting ──0.2 … 2 s, or the network is back──▶ connecting
 *       └──closed──▶ asking whether we may ──yes──▶ waiting;  ──no──▶ over
 */
export function followStream(options: StreamOptions, signal: AbortSignal): void {
  let cursor = options.from
  let attempt = 0
  let pause: ReturnType<typeof setTimeout> | undefined
  let socket: WebSocket | undefined
  const batch = batched(options.onEvents, signal)

  const connect = (): void => {
    clearTimeout(pause)
    pause = undefined
    const current = new WebSocket(options.url(cursor))
    socket = current
    let isOpen = false
    let silence: ReturnType<typeof setTimeout> | undefined
    const heard = (): void => {
      clearTimeout(silence)
      // A dead network closes nothing, and `close` alone would wait for it.
      silence = setTimeout(() => ended(), silentMs)
    }
    const ended = (): void => {
      clearTimeout(silence)
      if (signal.aborted || socket !== current) return
      socket = undefined
      current.close()
      batch.flush()
      if (signal.aborted) return
      options.onLost()
      if (isOpen) again()
      else void refused()
    }
    heard()
    current.addEventListener('message', ({ data }) => {
      if (socket !== current) return
      heard()
      const event = JSON.parse(String(data)) as StreamEvent
      if (event.type === 'hello') {
        isOpen = true
        attempt = 0
      }
      if ('cursor' in event) cursor = event.cursor
      batch.push(event)
    })
    current.addEventListener('close', ended)
  }

  const again = (): void => {
    pause = setTimeout(connect, Math.min(200 * 2 ** attempt++, longestPauseMs))
  }
  const refused = async (): Promise<void> => {
    const goOn = await options.mayReturn()
    if (goOn && !signal.aborted && socket === undefined && pause === undefined) again()
  }
  /** The network came back, or somebody looks: a connection of before may be dead without saying so. */
  const atOnce = (): void => {
    attempt = 0
    const old = socket
    connect()
    old?.close()
  }

  signal.addEventListener('abort', () => {
    clearTimeout(pause)
    socket?.close()
  })
  window.addEventListener('online', atOnce, { signal })
  document.addEventListener(
    'visibilitychange',
    () => {
      if (document.visibilityState === 'visible' && socket === undefined) atOnce()
    },
    { signal },
  )
  connect()
}
