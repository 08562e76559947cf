import { ProblemError } from '../../../lib/problem.ts'
import { agentNotes, agentProblems } from '../messages.ts'
import type { ApiProblem, Message } from '../protocol.ts'
import type { Room } from '../rooms/room.ts'
import { apiProblem } from './ask.ts'
import { closed, interrupted } from './marks.ts'
import type { Reply } from './reply.ts'
import type { End } from './writer.ts'

export interface Kept {
  /** What came of it in the room; undefined: nothing. */
  readonly message: Message | undefined
  /** Why it failed, or is not in the room. */
  readonly problem: ApiProblem | undefined
}

/** Puts what came into the room. Where that fails, its file stays for the next start. */
export async function keep(
  room: Room,
  reply: Reply,
  { end, log }: { end: End; log: (line: string) => void },
): Promise<Kept> {
  const { id, agent } = reply.plan
  const text = textOf(end)
  const problem = end.how === 'failed' ? end.problem : undefined
  if (text.trim() === '') {
    reply.forget()
    return { message: undefined, problem }
  }
  const isWhole = end.how === 'done' || end.how === 'stopped'
  const replaces = isWhole ? reply.plan.replaces : undefined
  try {
    // Mostly it is the last, and readers see one give way to the other.
    const isGone =
      replaces !== undefined && (await room.undo(replaces.hash, replaces.author)).conflict !== true
    const { message } = await room.post({ author: agent, text, key: id, reply: id })
    reply.forget()
    const place = isGone || replaces === undefined ? message : await without(room, replaces, { message, log })
    return { message: place, problem }
  } catch (error) {
    if (!(error instanceof ProblemError)) log(agentNotes.trouble(room.id, error))
    const problem = apiProblem(error instanceof ProblemError ? error.problem : agentProblems.broken(agent))
    // Anything but that may have passed by then.
    if (problem.code === 'no_such_room') reply.forget()
    else reply.leave(end.text)
    return { message: undefined, problem }
  }
}

/** Takes away an answer that others were said behind, if it still stands there. Returns the new one's place. */
async function without(
  room: Room,
  { id, hash, author }: Pick<Message, 'id' | 'hash' | 'author'>,
  { message, log }: { message: Message; log: (line: string) => void },
): Promise<Message> {
  try {
    const { conflict } = await room.edit(id, hash, '', author)
    return conflict === true ? message : { ...message, id: message.id - 1 }
  } catch (error) {
    // Both are there.
    log(agentNotes.trouble(room.id, error))
    return message
  }
}

/** What the room keeps of it. */
function textOf({ how, text }: End): string {
  if (how === 'withdrawn' || text.trim() === '') return ''
  return how === 'closing' || how === 'failed' ? interrupted(text) : closed(text)
}
