import type { ListedAgent } from '../../../../services/backend/protocol.ts'
import type { TurnPolicy } from '../../../../services/chat/protocol.ts'
import type { RoomView } from '../../state/room/view.ts'
import { openDialog } from '../../state/shell/dialogs.ts'
import { Avatar } from '../controls/avatar.tsx'
import { Icon } from '../controls/icon.tsx'
import { Popover } from '../controls/popover.tsx'
import { ModelPicker } from '../models/model-picker.tsx'
import { poke } from './poke.ts'

/** The agents of a room, each with a panel of its own; `together`: one button for all of them, or for very many. */
export function AgentChips({
  room,
  agents,
  view,
  mayWrite,
  mayChange,
  together,
}: {
  room: string
  agents: readonly ListedAgent[]
  view: RoomView
  mayWrite: boolean
  mayChange: boolean
  together: boolean
}) {
  const panel = (agent: ListedAgent) => (
    <AgentPanel key={agent.name} agent={agent} view={view} mayWrite={mayWrite} />
  )
  if (agents.length === 0)
    return mayChange ? (
      <button className="chip" type="button" onClick={() => openDialog({ type: 'roomSettings', room })}>
        <Icon name="plus" />
        <span>Agent</span>
      </button>
    ) : null
  if (together || agents.length > 3) {
    const label = `${agents.length} ${agents.length === 1 ? 'agent' : 'agents'}`
    return (
      <Popover
        label={label}
        className="chip"
        button={
          <>
            <Avatar name="" agent />
            <span>{together ? agents.length : label}</span>
          </>
        }
      >
        {agents.map(panel)}
      </Popover>
    )
  }
  return agents.map(agent => (
    <Popover
      key={agent.name}
      label={`Agent ${agent.name}`}
      className="chip"
      button={
        <>
          <Avatar name={agent.name} agent />
          <span>{agent.name}</span>
        </>
      }
    >
      {panel(agent)}
    </Popover>
  ))
}

function AgentPanel({ agent, view, mayWrite }: { agent: ListedAgent; view: RoomView; mayWrite: boolean }) {
  return (
    <div className="agent-panel">
      <h3>{agent.name}</h3>
      <p className="soft note">{turnsInWords[agent.turns]}</p>
      <ModelPicker agent={agent} />
      {mayWrite && (
        <button
          className="button"
          type="button"
          onClick={event => {
            event.currentTarget.closest<HTMLElement>('[popover]')?.hidePopover()
            void poke(view, agent.name)
          }}
        >
          <Icon name="poke" />
          Ask {agent.name} to speak
        </button>
      )}
    </div>
  )
}

const turnsInWords: Record<TurnPolicy, string> = {
  mention: 'Answers when it is named with @.',
  always: 'Answers each message of a person.',
  natural: 'Answers when it is named, or was the last agent to speak.',
  manual: 'Speaks only when it is asked to.',
}
