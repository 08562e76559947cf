import type { ListedAgent, Models } from '../../../../services/backend/protocol.ts'
import type { ApiProblem } from '../../../../services/chat/protocol.ts'
import { share } from '../format.ts'
import type { EndedReply, RoomState } from './view.ts'

/** What an answer that has no words yet waits for. */
export function waitingInWords(
  agent: string,
  agents: readonly ListedAgent[] = [],
  models?: Pick<Models, 'core' | 'models'>,
): string {
  const wanted = agents.find(({ name }) => name === agent)
  // Another service thinks for it, of which we know nothing.
  if (wanted?.portal !== undefined || models === undefined) return 'Thinking'
  if (models.core === 'absent') return 'Waiting for the core service, which does not run'
  const model = models.models.find(({ id, kind, isDefault }) =>
    wanted?.model === undefined ? kind === 'llm' && isDefault : id === wanted.model,
  )
  if (model?.state.type === 'loading') return `Loading ${model.title}, ${share(model.state.progress)}`
  return 'Thinking'
}

export function endInWords({ how, problem }: EndedReply): string {
  if (how === 'failed') return problem?.title ?? 'The answer failed'
  return ends[how]
}

const ends = {
  stopped: 'Stopped',
  interrupted: 'Interrupted: the server was stopped in between',
} as const

/** Why there is nothing of this room, and no more trying. */
export function closedInWords({
  connection,
  problem,
}: Pick<RoomState, 'connection' | 'problem'>): Pick<ApiProblem, 'title' | 'detail'> | undefined {
  if (connection === 'gone')
    return {
      title: 'This room is not here any more',
      detail: 'It was removed, or you may no longer read it.',
    }
  if (connection === 'refused') return problem ?? { title: 'This room can’t be opened' }
  return undefined
}

/** A refusal of something that was done to a message. */
export function refusalInWords({
  code,
  title,
  detail,
}: ApiProblem): Pick<ApiProblem, 'title'> & { detail?: string } {
  if (code === 'conflict')
    return {
      title: 'Somebody has changed this message meanwhile',
      detail: 'Your text is kept here. Compare it with the message, then save again or cancel.',
    }
  return detail === undefined ? { title } : { title, detail }
}

/** 1 new, 12 new. */
export function newInWords(count: number): string {
  return count === 1 ? '1 new message' : `${count} new messages`
}
