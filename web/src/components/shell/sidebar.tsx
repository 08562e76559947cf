import { useQuery } from '@tanstack/react-query'
import { useEffect, useRef, type ReactNode } from 'react'
import { Link, useLocation } from 'wouter'
import type { Me } from '../../../../services/backend/protocol.ts'
import type { RoomInfo } from '../../../../services/chat/protocol.ts'
import { roomsQuery } from '../../state/queries.ts'
import { openDialog } from '../../state/shell/dialogs.ts'
import { pagesFor } from '../../state/shell/places.ts'
import { groupRooms, roomHref, roomName } from '../../state/shell/rooms.ts'
import { ariaKeys } from '../../state/keys/shortcuts.ts'
import { Icon } from '../controls/icon.tsx'
import { Mark } from '../controls/mark.tsx'
import { PersonMenu } from './person-menu.tsx'
import './sidebar.css'

/** `room`: the one that is open. `corner`: what stands beside the wordmark. */
export function Sidebar({ me, room, corner }: { me: Me; room: string | undefined; corner?: ReactNode }) {
  const [location] = useLocation()
  return (
    <nav className="sidebar" aria-label="Rooms and pages">
      <div className="sidebar-head">
        <Link className="wordmark" href="/">
          <Mark />
          Courante
        </Link>
        {corner}
      </div>
      <button
        className="search-button"
        type="button"
        aria-keyshortcuts={ariaKeys('search')}
        onClick={() => openDialog({ type: 'search' })}
      >
        <Icon name="search" />
        <span>Search</span>
        <kbd aria-hidden="true">/</kbd>
      </button>
      <Rooms me={me} room={room} />
      <ul className="sidebar-pages">
        {pagesFor(me)
          .filter(({ path }) => path !== '/profile')
          .map(({ path, name, icon }) => (
            <li key={path}>
              <Link className="side-row" href={path} aria-current={location === path ? 'page' : undefined}>
                <Icon name={icon} />
                {name}
              </Link>
            </li>
          ))}
      </ul>
      <PersonMenu me={me} />
    </nav>
  )
}

function Rooms({ me, room }: { me: Me; room: string | undefined }) {
  const { data: rooms } = useQuery(roomsQuery)
  const groups = groupRooms(rooms ?? [], me.name)
  const row = (info: RoomInfo) => (
    <li key={info.id}>
      <RoomLink info={info} name={roomName(info.id, me.name)} me={me} current={info.id === room} />
    </li>
  )
  return (
    <div className="sidebar-rooms">
      <div className="side-heading">
        <h2 id="side-rooms">Rooms</h2>
        <button
          className="icon-button small"
          type="button"
          aria-label="New room"
          aria-keyshortcuts={ariaKeys('newRoom')}
          onClick={() => openDialog({ type: 'newRoom' })}
        >
          <Icon name="plus" />
        </button>
      </div>
      {rooms?.length === 0 && <p className="side-note">No room yet.</p>}
      <ul aria-labelledby="side-rooms">{groups.open.map(row)}</ul>
      {groups.own.length > 0 && (
        <>
          <h2 id="side-own" className="side-heading">
            Your own
          </h2>
          <ul aria-labelledby="side-own">{groups.own.map(row)}</ul>
        </>
      )}
      {groups.shared.length > 0 && (
        <>
          <h2 id="side-shared" className="side-heading">
            Of others
          </h2>
          <ul aria-labelledby="side-shared">{groups.shared.map(row)}</ul>
        </>
      )}
      {groups.archived.length > 0 && (
        <details className="side-archived" open={groups.archived.some(({ id }) => id === room) || undefined}>
          <summary className="side-heading">
            <span>
              Archived <span className="number">{groups.archived.length}</span>
            </span>
            <Icon name="chevron" />
          </summary>
          <ul aria-label="Archived rooms">{groups.archived.map(row)}</ul>
        </details>
      )}
    </div>
  )
}

function RoomLink({ info, name, me, current }: { info: RoomInfo; name: string; me: Me; current: boolean }) {
  const others = info.present.filter(person => person !== me.name)
  const here = others.length === 0 ? '' : `${others.join(', ')} ${others.length === 1 ? 'is' : 'are'} here`
  const link = useRef<HTMLAnchorElement>(null)
  useEffect(() => {
    if (current) link.current?.scrollIntoView({ block: 'nearest' })
  }, [current])
  const unread = current || info.archived ? 0 : info.unread
  return (
    <Link
      ref={link}
      className="side-row"
      href={roomHref(info.id)}
      aria-current={current ? 'page' : undefined}
      data-unread={unread > 0}
    >
      <Icon name={info.id.includes('/') ? 'lock' : 'room'} />
      <span className="side-name">{name}</span>
      {here !== '' && (
        <span className="here" title={here}>
          <span className="unseen-text">{here}</span>
        </span>
      )}
      {unread > 0 && (
        <span className="unread number">
          {unread > 99 ? '99+' : unread}
          <span className="unseen-text"> unread</span>
        </span>
      )}
    </Link>
  )
}
