import type { ListedAgent } from '../../../../services/backend/protocol.ts'
import type { RoomView, Viewer } from '../../state/room/view.ts'

/** Where one writes: keeps a draft for each room, completes @names, takes files, listens. */
export function Composer(_: {
  room: string
  view: RoomView
  viewer: Viewer
  agents: readonly ListedAgent[]
}) {
  return null
}
