import type { Change } from '../../../services/backend/protocol.ts'
import { lastingSocket } from './lasting-socket.ts'
import { queries } from './queries.ts'

/**
 * Asks anew for what the server says has changed, and for everything after a gap. Tells `onHeard` whether the server is
 * heard; not of gaps that the first new try ends.
 */
export function followChanges(url: string, signal: AbortSignal, onHeard: (heard: boolean) => void): void {
  lastingSocket(
    {
      url: () => url,
      onOpen: ({ number, prove }) => {
        if (number > 0) void queries.invalidateQueries()
        prove()
        onHeard(true)
      },
      onMessage: data => {
        const { type } = JSON.parse(data) as Change
        if (type !== 'beat') void queries.invalidateQueries({ queryKey: [type] })
      },
      onLost: ({ failures }) => {
        if (failures === 0) return true
        onHeard(false)
        // It may have refused us: a session that has ended.
        void queries.invalidateQueries({ queryKey: ['me'] })
        return true
      },
    },
    signal,
  )
}
