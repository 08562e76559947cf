import type { RoomEvent } from '../protocol.ts'
import type { RoomState } from './room-state.ts'

/** The message that was just posted, for finding it among others. */
export interface Posted {
  readonly hash?: string
  readonly reply?: string | undefined
}

/** What a reader of the one version has to be told to have the other. */
export function eventsBetween(old: RoomState, next: RoomState, posted: Posted = {}): RoomEvent[] {
  const { index } = next
  const alike = old.index.alike(index)
  const more = index.count - alike
  if (more > mostEvents || index.end - index.offset(alike) > mostEventBytes) {
    return [{ type: 'reset', cursor: next.cursor }]
  }
  const messages = eventsFrom(next, alike, posted)
  if (alike === old.index.count) return messages
  return [{ type: 'rewind', id: alike, cursor: next.cursorAt(index.offset(alike)) }, ...messages]
}

/** The messages from this ordinal on. What was posted is the last of them, or the last with its hash. */
export function eventsFrom(state: RoomState, from: number, { hash, reply }: Posted): RoomEvent[] {
  const messages = state.messages(from, state.index.count)
  // Changed again; the next look sees how.
  if (messages === undefined) return [{ type: 'reset', cursor: state.cursor }]
  const cursors = state.cursorsAt(messages.map(({ end }) => end))
  const last = messages.findLast(message => hash === undefined || message.hash === hash)
  return messages.map((message, i) => ({
    type: 'message',
    message,
    cursor: cursors[i] ?? state.cursor,
    ...(reply !== undefined && message === last && { reply }),
  }))
}

/** More than this is quicker read anew than told. */
const mostEvents = 500
const mostEventBytes = 1024 * 1024
