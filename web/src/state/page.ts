import { openCapture } from './capture.ts'
import type { Connection, ConnectionEvent } from './connection.ts'
import { connect, startOfConnection } from './connection.ts'
import { followTranscript } from './feed.ts'
import { watchHealth } from './health.ts'
import type { MicrophoneControl } from './microphone-control.ts'
import { createMicrophone } from './microphone-control.ts'
import { openSession } from './realtime-session.ts'
import type { Store } from './store.ts'
import { createStore } from './store.ts'
import type { TranscriptLine } from './transcript.ts'
import { addLine, localDay, parseLine } from './transcript.ts'

/** Everything that the page shows, connected to the real browser and the real backend. */
export interface Page {
  readonly connection: Store<Connection, ConnectionEvent>
  readonly transcript: Store<readonly TranscriptLine[], TranscriptLine>
  /** `YYYY-MM-DD`; a page may stay open over midnight. */
  readonly today: Store<string, string>
  readonly microphone: MicrophoneControl
}

export function startPage(location: Location, signal: AbortSignal): Page {
  const connection = createStore(startOfConnection, connect)
  const transcript = createStore<readonly TranscriptLine[], TranscriptLine>([], addLine)
  const today = createStore(localDay(new Date()), (_, day: string) => day)
  const clock = setInterval(() => today.dispatch(localDay(new Date())), 30_000)
  const socketUrl = new URL('/v1/realtime', location.href)
  socketUrl.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:'
  const microphone = createMicrophone({
    openCapture,
    openSession: (rate, onEvent) => openSession(socketUrl.href, rate, onEvent),
  })

  const health = watchHealth('/healthz', core => connection.dispatch({ type: 'health', core }), signal)
  followTranscript(
    () => new EventSource('/api/transcript'),
    event => {
      if (event.type === 'line') {
        transcript.dispatch(parseLine(event.offset, event.line))
        return
      }
      connection.dispatch(event)
      if (event.type === 'stream_opened') health.askNow()
    },
    signal,
  )
  signal.addEventListener('abort', () => {
    clearInterval(clock)
    microphone.turnOff()
  })
  return { connection, transcript, today, microphone }
}
