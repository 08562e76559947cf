import { Link } from 'wouter'
import type { ApiProblem } from '../../../../services/chat/protocol.ts'
import type { RoomState, Viewer } from '../../state/room/view.ts'
import { serverHeard } from '../../state/shell/server.ts'
import { sentence } from '../controls/problem.tsx'
import { useStore } from '../controls/use-store.ts'

/** A room without a word in it: what one can do here. */
export function EmptyRoom({ viewer }: { viewer: Viewer }) {
  const [agent] = viewer.agents
  return (
    <div className="empty">
      <h2>Nothing has been said here yet</h2>
      {viewer.role === 'reader' ? (
        <p>You can read this room. What others say appears here at once.</p>
      ) : (
        <p>
          {agent === undefined
            ? 'Write the first message below. Everybody in this room sees it at once.'
            : `Write something below, and ${agent} answers. @${agent} asks by name where several could.`}{' '}
          Files and pictures can be dropped anywhere on this page.
        </p>
      )}
    </div>
  )
}

export function ClosedRoom({ words }: { words: Pick<ApiProblem, 'title' | 'detail'> }) {
  return (
    <div className="empty">
      <h2>{sentence(words.title).replace(/\.$/, '')}</h2>
      {words.detail !== undefined && <p>{sentence(words.detail)}</p>}
      <Link className="button" href="/">
        To the rooms
      </Link>
    </div>
  )
}

/** While the server as a whole is away the shell says so; this is for a room that alone has lost its connection. */
export function LostLine({ connection }: { connection: RoomState['connection'] }) {
  const isHeard = useStore(serverHeard)
  return (
    <div role="status">
      {connection === 'lost' && isHeard && (
        <p className="lost-line late">This room’s connection was lost. Trying again.</p>
      )}
    </div>
  )
}
