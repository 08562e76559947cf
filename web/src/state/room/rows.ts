import type { LiveReply, Message } from '../../../../services/chat/protocol.ts'
import type { EndedReply, Pending, RoomState, Viewer } from './view.ts'

/** What stands in the list, from top to bottom: messages, how answers ended, posts that are on their way, answers that grow. */
export type Row =
  | { readonly type: 'message'; readonly message: Message }
  | { readonly type: 'ended'; readonly ended: EndedReply }
  | { readonly type: 'pending'; readonly pending: Pending }
  | { readonly type: 'live'; readonly live: LiveReply }

type Listed = Pick<RoomState, 'messages' | 'atEnd' | 'ended' | 'pending' | 'replies'>

export function rowCount({ messages, atEnd, ended, pending, replies }: Listed): number {
  return messages.length + (atEnd ? ended.length + pending.length + replies.length : 0)
}

/**
 * Made when it is asked for: a list of two thousand is not copied for each frame of an answer. The same thing gives the same
 * row, so that what is remembered by its row is not rendered again.
 */
export function rowAt(state: Listed, index: number): Row | undefined {
  const message = state.messages[index]
  if (message !== undefined) return rowOf(message, () => ({ type: 'message', message }))
  let rest = index - state.messages.length
  const ended = state.ended[rest]
  if (ended !== undefined) return rowOf(ended, () => ({ type: 'ended', ended }))
  rest -= state.ended.length
  const pending = state.pending[rest]
  if (pending !== undefined) return rowOf(pending, () => ({ type: 'pending', pending }))
  const live = state.replies[rest - state.pending.length]
  return live === undefined ? undefined : rowOf(live, () => ({ type: 'live', live }))
}

const rows = new WeakMap<object, Row>()

function rowOf(thing: object, make: () => Row): Row {
  const row = rows.get(thing) ?? make()
  rows.set(thing, row)
  return row
}

/** A message keeps the row in which it was written. */
export function rowKey({ born }: Pick<RoomState, 'born'>, row: Row): string {
  switch (row.type) {
    case 'message':
      return born.get(row.message.id) ?? `message ${row.message.id}`
    case 'ended':
      return `end of ${row.ended.reply}`
    case 'pending':
      return row.pending.key
    case 'live':
      return row.live.reply
  }
}

/** Null: narrative. */
export function authorOf(row: Row, me: string): string | null {
  switch (row.type) {
    case 'message':
      return row.message.author
    case 'ended':
      return row.ended.agent
    case 'pending':
      return me
    case 'live':
      return row.live.agent
  }
}

/** Neighbours by the same author have one name, above the first. */
export function isGrouped(row: Row, before: Row | undefined, me: string): boolean {
  if (before === undefined) return false
  if (row.type === 'ended') return before.type === 'message' && before.message.author === row.ended.agent
  return before.type !== 'ended' && authorOf(row, me) === authorOf(before, me)
}

export interface Offers {
  readonly edit: boolean
  readonly regenerate: boolean
  readonly undo: boolean
  readonly speak: boolean
}

/** What somebody may do with a message; the server has the last word. */
export function offersOf(message: Message, { name, role, agents }: Viewer, isLast: boolean): Offers {
  const isAgents = agents.some(agent => agent === message.author)
  const mayWrite = role !== 'reader'
  const edit = mayWrite && (role === 'owner' || message.author === name || isAgents)
  return {
    edit,
    undo: edit && isLast,
    regenerate: mayWrite && isAgents && isLast,
    speak: message.author !== null,
  }
}
