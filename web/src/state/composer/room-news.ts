import type { Message } from '../../../../services/chat/protocol.ts'
import type { RoomState } from '../room/view.ts'

/** The last message of somebody, among those that are loaded. */
export function lastOf(messages: readonly Message[], author: string): Message | undefined {
  return messages.findLast(message => message.author?.toLowerCase() === author.toLowerCase())
}

/**
 * Whole messages of agents that came since the room was opened. `seen` is the ordinal that comes next; undefined before the
 * room is open, since nobody wants its past read aloud.
 */
export function newAnswers(
  seen: number | undefined,
  room: Pick<RoomState, 'connection' | 'messages' | 'count'>,
  agents: readonly string[],
): { readonly seen: number | undefined; readonly answers: readonly Message[] } {
  if (seen === undefined) return { seen: room.connection === 'open' ? room.count : undefined, answers: [] }
  const answers = room.messages.filter(
    ({ id, author }) => id >= seen && author !== null && agents.includes(author),
  )
  // After an edit the room may be shorter.
  return { seen: room.count, answers }
}
