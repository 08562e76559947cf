import { ProblemError } from '../../../lib/problem.ts'
import { agentNotes } from '../messages.ts'
import { withdraw } from './ask.ts'
import { type LeftOver, leftOvers, removeLeft } from './live-file.ts'
import { interrupted } from './marks.ts'
import type { RepliesOptions } from './replies.ts'

type Recovery = Pick<RepliesOptions, 'rooms' | 'portal' | 'log'>

/** What a killed backend was writing becomes messages, marked as interrupted; whoever was to say more is told to stop. */
export async function recoverReplies(folder: string, options: Recovery): Promise<void> {
  const { portal, log } = options
  for (const left of leftOvers(folder)) {
    try {
      await withdraw(await portal(left.portal).job(left.job))
    } catch (error) {
      // Its deadline ends it, too.
      log(agentNotes.trouble(left.room, error))
    }
    if (left.text.trim() === '' || (await isRestored(left, options))) removeLeft(folder, left.reply)
  }
}

/** False: it has to wait for another start. The reply's id is the key of its post, so that one which is in the room already is not doubled. */
async function isRestored(
  { room: id, agent, text, reply }: LeftOver,
  { rooms, log }: Recovery,
): Promise<boolean> {
  if (rooms.entry(id) === undefined) {
    log(agentNotes.noRoom(agent, id))
    return true
  }
  try {
    const room = await rooms.room(id)
    const { repeated } = await room.post({ author: agent, text: interrupted(text), key: reply, reply })
    if (!repeated) log(agentNotes.recovered(agent, id))
    return true
  } catch (error) {
    if (!(error instanceof ProblemError)) {
      log(agentNotes.trouble(id, error))
      return false
    }
    const { code, what } = error.problem
    log(agentNotes.failed(agent, id, code, what))
    return code === 'no_such_room'
  }
}
