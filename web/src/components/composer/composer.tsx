import { useQuery } from '@tanstack/react-query'
import type { ListedAgent } from '../../../../services/backend/protocol.ts'
import { roomQuery } from '../../state/queries.ts'
import type { RoomView, Viewer } from '../../state/room/view.ts'
import './composer.css'
import { WritingBlock } from './writing-block.tsx'

/** Where one writes: keeps a draft for each room, completes @names, takes files, listens. */
export function Composer(props: {
  room: string
  view: RoomView
  viewer: Viewer
  agents: readonly ListedAgent[]
}) {
  const { data: info } = useQuery(roomQuery(props.room))
  const closed =
    info?.archived === true
      ? 'This room is archived. It can be read, and takes no more messages.'
      : props.viewer.role === 'reader'
        ? 'You may read this room, but not write in it.'
        : undefined
  return (
    <div className="composer">
      {closed === undefined ? <WritingBlock {...props} /> : <p className="composer-closed">{closed}</p>}
    </div>
  )
}
