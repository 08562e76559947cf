import * as z from 'zod/mini'

/** The events of /api/transcript, and the life of the connection that carries them. */
export type FeedEvent =
  | { readonly type: 'stream_opened' }
  | { readonly type: 'stream_broken' }
  | { readonly type: 'line'; readonly offset: number; readonly line: string }

/** The part of the browser's EventSource that is used here. */
export interface EventStream {
  readonly readyState: number
  addEventListener(type: 'open' | 'error', listener: () => void): void
  addEventListener(type: 'message', listener: (event: MessageEvent) => void): void
  close(): void
}

/** EventSource.CLOSED */
const closed = 2

const offset = z.coerce.number().check(z.int(), z.nonnegative())

/**
 * Follows the transcript until the signal aborts, over as many connections as it takes. The browser reconnects by itself
 * where a connection breaks, and asks for what it missed; but it gives up for good on an answer like the proxy's 502,
 * which is what a restart looks like. Then a new stream begins here, and repeats lines that are known.
 */
export function followTranscript(
  open: () => EventStream,
  onEvent: (event: FeedEvent) => void,
  signal: AbortSignal,
): void {
  let attempt = 0
  let stream: EventStream | undefined
  let timer: ReturnType<typeof setTimeout> | undefined

  function start(): void {
    const current = open()
    stream = current
    current.addEventListener('open', () => {
      attempt = 0
      onEvent({ type: 'stream_opened' })
    })
    current.addEventListener('message', event => {
      const at = offset.safeParse(event.lastEventId)
      if (at.success) onEvent({ type: 'line', offset: at.data, line: String(event.data) })
    })
    current.addEventListener('error', () => {
      onEvent({ type: 'stream_broken' })
      if (current.readyState === closed && !signal.aborted)
        timer = setTimeout(start, reconnectDelay(attempt++))
    })
  }

  if (signal.aborted) return
  start()
  signal.addEventListener('abort', () => {
    clearTimeout(timer)
    stream?.close()
  })
}

/** 200 ms, doubling, at most 2 s: a restart takes about one second, and a person watches. */
export function reconnectDelay(attempt: number): number {
  return Math.min(200 * 2 ** attempt, 2000)
}
