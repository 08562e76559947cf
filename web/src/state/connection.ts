/**
 * What the page knows about the other side: the transcript's event stream, and what /healthz last said.
 *
 *   connecting ──opened──▶ open ──broken──▶ lost ──opened──▶ open
 *        └─────broken─────────────────────────▲
 */
export interface Connection {
  readonly stream: 'connecting' | 'open' | 'lost'
  readonly core: 'unknown' | 'ready' | 'not ready'
}

export type ConnectionEvent =
  | { readonly type: 'stream_opened' }
  | { readonly type: 'stream_broken' }
  | { readonly type: 'health'; readonly core: Connection['core'] }

export const startOfConnection: Connection = { stream: 'connecting', core: 'unknown' }

export function connect(state: Connection, event: ConnectionEvent): Connection {
  switch (event.type) {
    case 'stream_opened':
      return state.stream === 'open' ? state : { ...state, stream: 'open' }
    case 'stream_broken':
      return state.stream === 'lost' ? state : { ...state, stream: 'lost' }
    case 'health':
      return state.core === event.core ? state : { ...state, core: event.core }
  }
}

export type ConnectionTone = 'good' | 'waiting' | 'bad'

export function connectionInWords(state: Connection): { words: string; tone: ConnectionTone } {
  if (state.stream === 'connecting') return { words: 'Connecting', tone: 'waiting' }
  if (state.stream === 'lost') return { words: 'Reconnecting', tone: 'bad' }
  if (state.core === 'not ready') return { words: 'Core not ready', tone: 'waiting' }
  return { words: 'Connected', tone: 'good' }
}
