import type { RoomView, Viewer } from '../../state/room/view.ts'

/** The messages of a room, and what is being written; stays at the end only for who is there. */
export function Timeline(_: { view: RoomView; viewer: Viewer }) {
  return null
}
