import type { Connection, ConnectionEvent } from './connection.ts'
import { connect, startOfConnection } from './connection.ts'
import { followTranscript } from './feed.ts'
import { watchHealth } from './health.ts'
import type { Store } from './store.ts'
import { createStore } from './store.ts'
import type { TranscriptLine } from './transcript.ts'
import { addLine, localDay, parseLine } from './transcript.ts'

export interface OpenTranscript {
  readonly connection: Connection
  readonly lines: readonly TranscriptLine[]
  /** `YYYY-MM-DD`; a page may stay open over midnight. */
  readonly today: string
}

type Event =
  | { readonly type: 'connection'; readonly event: ConnectionEvent }
  | { readonly type: 'line'; readonly line: TranscriptLine }
  | { readonly type: 'day'; readonly day: string }

/** Follows transcript.log until the signal aborts. */
export function openTranscript(signal: AbortSignal): Store<OpenTranscript, Event> {
  const store = createStore(
    { connection: startOfConnection, lines: [], today: localDay(new Date()) },
    shownTranscript,
  )
  const clock = setInterval(() => store.dispatch({ type: 'day', day: localDay(new Date()) }), 30_000)
  signal.addEventListener('abort', () => clearInterval(clock))
  const health = watchHealth(
    '/healthz',
    core => store.dispatch({ type: 'connection', event: { type: 'health', core } }),
    signal,
  )
  followTranscript(
    () => new EventSource('/api/transcript'),
    event => {
      if (event.type === 'line') {
        store.dispatch({ type: 'line', line: parseLine(event.offset, event.line) })
        return
      }
      store.dispatch({ type: 'connection', event })
      if (event.type === 'stream_opened') health.askNow()
    },
    signal,
  )
  return store
}

function shownTranscript(state: OpenTranscript, event: Event): OpenTranscript {
  switch (event.type) {
    case 'connection': {
      const connection = connect(state.connection, event.event)
      return connection === state.connection ? state : { ...state, connection }
    }
    case 'line': {
      const lines = addLine(state.lines, event.line)
      return lines === state.lines ? state : { ...state, lines }
    }
    case 'day':
      return event.day === state.today ? state : { ...state, today: event.day }
  }
}
