import { summaryOf } from '../markdown/plain.ts'
import type { RoomState } from './view.ts'

/** So much of a message is spoken; who wants all of it goes there. */
const mostSpoken = 200

type Heard = Pick<RoomState, 'connection' | 'messages' | 'replies' | 'ended' | 'window' | 'atEnd'>

/** What a screen reader is told of a change: whole messages of others, who begins to answer, who has stopped. Never a token. */
export function announce(before: Heard, now: Heard, me: string): string[] {
  // Somewhere else, or the past.
  if (before.connection === 'opening' || before.window !== now.window || !before.atEnd) return []
  const last = before.messages.at(-1)?.id ?? -1
  const fresh = before.messages === now.messages ? [] : now.messages.filter(({ id }) => id > last)
  const said = fresh
    .filter(({ author }) => author !== me)
    .map(({ author, text }) => (author === null ? spoken(text) : `${author}: ${spoken(text)}`))
  const answering = now.replies
    .filter(({ reply }) => before.replies.every(other => other.reply !== reply))
    .map(({ agent }) => `${agent} is answering`)
  const ended = now.ended
    .filter(({ reply }) => before.ended.every(other => other.reply !== reply))
    .map(({ agent, how }) => (how === 'failed' ? `${agent} could not answer` : `${agent} has stopped`))
  return [...said, ...answering, ...ended]
}

function spoken(text: string): string {
  return summaryOf(text, mostSpoken)
}
