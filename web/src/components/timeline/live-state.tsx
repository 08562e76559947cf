import { useQuery } from '@tanstack/react-query'
import type { LiveReply } from '../../../../services/chat/protocol.ts'
import { agentsQuery, modelsQuery } from '../../state/queries.ts'
import type { RoomView } from '../../state/room/view.ts'
import { waitingInWords } from '../../state/room/words.ts'
import { Icon } from '../controls/icon.tsx'
import { useAttempt } from './use-attempt.ts'

/** Below an answer that is being written: a caret, or what it waits for; and how to stop it. */
export function LiveState({ live, view, mayStop }: { live: LiveReply; view: RoomView; mayStop: boolean }) {
  const attempt = useAttempt()
  return (
    <div className="live-state">
      {live.state === 'waiting' ? (
        <Waiting agent={live.agent} />
      ) : (
        <span className="caret" aria-hidden="true" />
      )}
      {mayStop && (
        <button
          className="live-stop"
          type="button"
          aria-label={`Stop ${live.agent}`}
          onClick={() => attempt(view.stop(live.reply), ['no_such_reply'])}
        >
          <Icon name="stop" />
          Stop
        </button>
      )}
    </div>
  )
}

function Waiting({ agent }: { agent: string }) {
  const { data: agents } = useQuery(agentsQuery)
  const { data: models } = useQuery(modelsQuery)
  return (
    <span className="waiting">
      <span className="waiting-dots" aria-hidden="true">
        <i />
        <i />
        <i />
      </span>
      {waitingInWords(agent, agents?.agents, models)}
    </span>
  )
}
