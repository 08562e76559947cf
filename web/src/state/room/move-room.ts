import { drafts } from '../composer/drafts.ts'
import { moveUploads } from '../uploads/room-uploads.ts'
import { outboxes } from './outboxes.ts'

/** A room has another name: what is being written for it goes along. Harmless when it is told twice. */
export function moveRoom(me: string, from: string, to: string): void {
  outboxes.move(me, from, to)
  drafts.move(me, from, to)
  moveUploads(me, from, to)
}
