import type { Message } from '../protocol.ts'
import type { Room } from '../rooms/room.ts'
import type { Agent } from './agent.ts'
import { nameKey } from './agent.ts'
import { arranged, type Said } from './context.ts'
import type { ReplyPlan } from './reply.ts'
import { bytesOf } from './sizes.ts'

const page = 50
/** A request may have 10,000; nobody needs so many. */
const mostMessages = 4000

export interface View {
  readonly messages: readonly Said[]
  /** The one that is answered. */
  readonly to: number | undefined
  /** The room has messages before these. */
  readonly more: boolean
}

/** What an agent may see of its room for one answer: of the end, more than the bytes that it may take. */
export async function viewOf(
  room: Room,
  plan: ReplyPlan,
  { agent, bytes, answers }: { agent: Agent; bytes: number; answers: ReadonlyMap<number, number> },
): Promise<View> {
  const most = agent.history ? Math.min(agent.context.messages ?? mostMessages, mostMessages) : page
  const messages: Message[] = []
  let before = room.count
  for (let size = 0; before > 0 && size <= bytes && messages.length < most;) {
    const older = await room.list({ before, limit: page })
    const [first] = older
    if (first === undefined) break
    messages.unshift(...older)
    for (const { text } of older) size += bytesOf(text)
    before = first.id
  }
  const more = before > 0
  const { replaces } = plan
  const seen = messages.filter(({ id, hash }) => id !== replaces?.id || hash !== replaces.hash)
  const to = located(seen, plan)
  if (to === undefined) return { messages: seen, to, more }
  return { messages: arranged(seen, to, replaces ? replaced(seen, to, agent) : answers), to, more }
}

/** It may have been edited, or moved by what was edited before it. */
function located(messages: readonly Message[], { to }: ReplyPlan): number | undefined {
  if (to === undefined) return undefined
  const here = messages.find(({ id, hash }) => id === to.id && hash === to.hash)
  return (
    here ??
    messages.findLast(({ hash }) => hash === to.hash) ??
    messages.find(({ id }) => id === to.id)
  )?.id
}

/** An answer that is written anew: what the agent has said behind the message was its answer to others. */
function replaced(messages: readonly Message[], to: number, { name }: Agent): Map<number, number> {
  const own = messages.filter(
    ({ id, author }) => id > to && author !== null && nameKey(author) === nameKey(name),
  )
  return new Map(own.map(({ id }) => [id, -1]))
}
