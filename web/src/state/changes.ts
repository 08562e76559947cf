import type { Change } from '../../../services/backend/protocol.ts'
import { queries } from './queries.ts'

/** Longer than two beats. */
const silentMs = 40_000

/**
 * Asks anew for what the server says has changed, over as many connections as it takes; everything after a gap. Tells
 * `onHeard` whether the server is heard; not of gaps that the first new try ends.
 */
export function followChanges(url: string, signal: AbortSignal, onHeard: (heard: boolean) => void): void {
  let attempt = 0
  let timer: ReturnType<typeof setTimeout> | undefined
  let socket: WebSocket | undefined
  const start = (): void => {
    clearTimeout(timer)
    const current = new WebSocket(url)
    socket = current
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
      if (attempt > 0) {
        onHeard(false)
        // It may have refused us: a session that has ended.
        void queries.invalidateQueries({ queryKey: ['me'] })
      }
      timer = setTimeout(start, Math.min(200 * 2 ** attempt++, 2000))
    }
    heard()
    current.addEventListener('open', () => {
      if (socket !== current) return
      if (attempt > 0) void queries.invalidateQueries()
      attempt = 0
      onHeard(true)
    })
    current.addEventListener('message', event => {
      if (socket !== current) return
      heard()
      const { type } = JSON.parse(String(event.data)) as Change
      if (type !== 'beat') void queries.invalidateQueries({ queryKey: [type] })
    })
    current.addEventListener('close', ended)
  }
  const again = (): void => {
    // A connection over the network that came back may be dead without saying so.
    attempt = 1
    const old = socket
    start()
    old?.close()
  }
  signal.addEventListener('abort', () => {
    clearTimeout(timer)
    socket?.close()
  })
  window.addEventListener('online', again, { signal })
  start()
}

/** The address of a WebSocket beside the page. */
export function socketUrl(path: string): string {
  const url = new URL(path, location.href)
  url.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:'
  return url.href
}
