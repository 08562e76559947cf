/** Longer than two beats of the server. */
const silentMs = 40_000
const longestPauseMs = 2000

/** One of the connections of a lasting socket. */
export interface Connection {
  /** From 0 on: whatever came between this one and the last is unknown. */
  readonly number: number
  /** It does what it is for: when it ends, the next one comes soon. */
  readonly prove: () => void
}

export interface LastingSocketOptions {
  readonly url: () => string
  readonly onOpen?: (connection: Connection) => void
  readonly onMessage: (data: string, connection: Connection) => void
  /**
   * A connection has ended, proved or not, after so many in a row that had not proved themselves. Says whether to go on
   * trying.
   */
  readonly onLost: (lost: {
    readonly proved: boolean
    readonly failures: number
  }) => boolean | Promise<boolean>
}

/**
 * A WebSocket over as many connections as it takes.
 *
 *   connecting ──▶ open ──closed, or silent──▶ lost ──0.2 … 2 s, the network is back, or somebody looks──▶ connecting
 *                                               └──onLost says no──▶ over
 */
export function lastingSocket(options: LastingSocketOptions, signal: AbortSignal): void {
  let number = 0
  let failures = 0
  let pause: ReturnType<typeof setTimeout> | undefined
  let socket: WebSocket | undefined

  const connect = (): void => {
    clearTimeout(pause)
    pause = undefined
    const current = new WebSocket(options.url())
    socket = current
    let proved = false
    const connection: Connection = {
      number: number++,
      prove: () => {
        proved = true
        failures = 0
      },
    }
    let silence: ReturnType<typeof setTimeout> | undefined
    const heard = (): void => {
      clearTimeout(silence)
      // A dead network closes nothing, and `close` alone would wait for it.
      silence = setTimeout(lost, silentMs)
    }
    const lost = (): void => {
      clearTimeout(silence)
      if (signal.aborted || socket !== current) return
      socket = undefined
      current.close()
      const goOn = options.onLost({ proved, failures })
      if (goOn === true) again()
      else if (goOn !== false) void goOn.then(yes => (yes ? again() : undefined))
    }
    heard()
    current.addEventListener('open', () => {
      if (socket === current) options.onOpen?.(connection)
    })
    current.addEventListener('message', ({ data }) => {
      if (socket !== current) return
      heard()
      options.onMessage(String(data), connection)
    })
    current.addEventListener('close', lost)
  }
  const again = (): void => {
    if (signal.aborted || socket !== undefined || pause !== undefined) return
    pause = setTimeout(connect, Math.min(200 * 2 ** failures++, longestPauseMs))
  }
  /** A connection of before may be dead without saying so. */
  const atOnce = (): void => {
    failures = 0
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

/** The address of a WebSocket beside the page. */
export function socketUrl(path: string): string {
  const url = new URL(path, location.href)
  url.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:'
  return url.href
}
