import type { ListedAgent, Me, RoomDetail } from '../../../../services/backend/protocol.ts'
import { roomPath } from '../../state/api.ts'
import type { RoomView } from '../../state/room/view.ts'
import { openDialog } from '../../state/shell/dialogs.ts'
import { roomName } from '../../state/shell/rooms.ts'
import { Icon } from '../controls/icon.tsx'
import { Menu, MenuItem } from '../controls/menu.tsx'
import { narrow, useMedia } from '../controls/use-media.ts'
import { useStore } from '../controls/use-store.ts'
import { AgentChips } from './agent-chips.tsx'
import { poke } from './poke.ts'
import { SidebarButton } from './top-bar.tsx'

export function RoomHeader({
  room,
  me,
  view,
  agents,
}: {
  room: RoomDetail
  me: Me
  view: RoomView
  agents: readonly ListedAgent[]
}) {
  const isNarrow = useMedia(narrow)
  const present = useStore(view.store, state => state.present)
  const others = present.filter(person => person !== me.name)
  const mayWrite = room.role !== 'reader' && !room.archived
  return (
    <header className="room-header">
      {isNarrow && <SidebarButton />}
      <h1 className="room-title">{roomName(room.id, me.name)}</h1>
      {room.archived && <span className="badge">archived</span>}
      {others.length > 0 && (
        <p className="room-here">
          <span className="here" aria-hidden="true" />
          <span>{isNarrow ? others.length : hereInWords(others)}</span>
          {isNarrow && <span className="unseen-text">{hereInWords(others)}</span>}
        </p>
      )}
      <div className="room-actions">
        <AgentChips
          room={room.id}
          agents={agents}
          view={view}
          mayWrite={mayWrite}
          mayChange={room.role === 'owner'}
          together={isNarrow}
        />
        {!isNarrow && (
          <button
            className="icon-button"
            type="button"
            aria-label="Search in this room"
            title="Search in this room"
            onClick={() => openDialog({ type: 'search', room: room.id })}
          >
            <Icon name="search" />
          </button>
        )}
        {mayWrite && agents.length > 0 && !isNarrow && <Poke agents={agents} view={view} />}
        <Menu label="More about this room" button={<Icon name="more" />}>
          {isNarrow && (
            <MenuItem onSelect={() => openDialog({ type: 'search', room: room.id })}>
              <Icon name="search" />
              Search in this room
            </MenuItem>
          )}
          <MenuItem onSelect={() => openDialog({ type: 'roomSettings', room: room.id })}>
            <Icon name="settings" />
            Settings of the room
          </MenuItem>
          <MenuItem onSelect={() => location.assign(`${roomPath(room.id)}/export`)}>
            <Icon name="download" />
            Export as text (.bb)
          </MenuItem>
          <MenuItem
            onSelect={() => void window.open(`${roomPath(room.id)}/html?limit=500`, '_blank', 'noopener')}
          >
            <Icon name="file" />
            Open as a plain page
          </MenuItem>
        </Menu>
      </div>
    </header>
  )
}

/** Asks an agent to say something now, without a message. */
function Poke({ agents, view }: { agents: readonly ListedAgent[]; view: RoomView }) {
  const [only, ...more] = agents
  if (only !== undefined && more.length === 0) {
    const label = `Ask ${only.name} to speak`
    return (
      <button
        className="icon-button"
        type="button"
        aria-label={label}
        title={label}
        onClick={() => void poke(view, only.name)}
      >
        <Icon name="poke" />
      </button>
    )
  }
  return (
    <Menu label="Ask an agent to speak" button={<Icon name="poke" />}>
      {agents.map(({ name }) => (
        <MenuItem key={name} onSelect={() => void poke(view, name)}>
          Ask {name} to speak
        </MenuItem>
      ))}
    </Menu>
  )
}

function hereInWords(others: readonly string[]): string {
  if (others.length > 3) return `${others.length} others are here`
  const last = others.at(-1) ?? ''
  return others.length === 1 ? `${last} is here` : `${others.slice(0, -1).join(', ')} and ${last} are here`
}
