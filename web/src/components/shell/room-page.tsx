import { useQuery } from '@tanstack/react-query'
import { useEffect, useMemo, useRef, useSyncExternalStore } from 'react'
import { Link, useLocation, useSearch } from 'wouter'
import type { ListedAgent, Me, RoomDetail } from '../../../../services/backend/protocol.ts'
import { ApiError } from '../../state/api.ts'
import { agentsQuery, roomQuery } from '../../state/queries.ts'
import { openRoom } from '../../state/room/open-room.ts'
import type { RoomView } from '../../state/room/view.ts'
import { forgetRoom, rememberRoom } from '../../state/shell/last-room.ts'
import { roomHref } from '../../state/shell/rooms.ts'
import { Composer } from '../composer/composer.tsx'
import { VoiceStrip } from '../composer/voice-strip.tsx'
import { sentence } from '../controls/problem.tsx'
import { useStore } from '../controls/use-store.ts'
import { Timeline } from '../timeline/timeline.tsx'
import { useRoomVoice } from '../voice/use-room-voice.ts'
import { RoomHeader } from './room-header.tsx'
import { SidebarButton } from './top-bar.tsx'
import { narrow, useMedia } from '../controls/use-media.ts'
import './room-page.css'

export function RoomPage({ id, me }: { id: string; me: Me }) {
  const { data: room, error } = useQuery(roomQuery(id))
  const isRefused = error instanceof ApiError && [403, 404].includes(error.problem.status)
  // Opened anew when the room is given to us, or taken away: a view that was refused has ended.
  return <OpenedRoom key={String(isRefused)} id={id} me={me} room={room} error={error} />
}

function OpenedRoom({
  id,
  me,
  room,
  error,
}: {
  id: string
  me: Me
  room: RoomDetail | undefined
  error: Error | null
}) {
  const { data: listed } = useQuery({ ...agentsQuery, throwOnError: true })
  const opened = useMemo(() => openWhileSeen(id, me.name), [id, me.name])
  const view = useSyncExternalStore(opened.subscribe, opened.get)
  if (room === undefined && error !== null) return <NoRoom id={id} error={error} />
  if (room === undefined || listed === undefined || view === undefined) return null
  return <Room room={room} me={me} view={view} listed={listed.agents} />
}

/** The room is open from the first who looks to the last. */
function openWhileSeen(id: string, me: string) {
  let view: RoomView | undefined
  return {
    get: () => view,
    subscribe: (): (() => void) => {
      view = openRoom(id, me)
      return () => {
        view?.close()
        view = undefined
      }
    },
  }
}

function Room({
  room,
  me,
  view,
  listed,
}: {
  room: RoomDetail
  me: Me
  view: RoomView
  listed: readonly ListedAgent[]
}) {
  const { id } = room
  const [, navigate] = useLocation()
  const search = useSearch()
  const renamed = useStore(view.store, state => state.renamed)
  const box = useRef<HTMLDivElement>(null)
  useRoomVoice()
  useEffect(() => rememberRoom(id), [id])
  useEffect(() => {
    if (renamed !== undefined) navigate(roomHref(renamed), { replace: true })
  }, [renamed, navigate])
  useEffect(() => {
    const message = new URLSearchParams(search).get('m')
    if (message === null || !/^\d{1,9}$/.test(message)) return
    view.goTo(Number(message))
    // Asked for once: what is said later belongs to the room's end.
    navigate(roomHref(id), { replace: true })
  }, [search, view, id, navigate])
  useEffect(() => {
    // Who goes to a room wants to write. On a telephone it would bring the keyboard up.
    if (!matchMedia('(pointer: fine)').matches || document.querySelector('dialog:modal') !== null) return
    box.current?.querySelector('textarea')?.focus()
  }, [])
  const viewer = { name: me.name, role: room.role, agents: room.agents }
  const agents = listed.filter(({ name }) => room.agents.includes(name))
  return (
    <div className="room" ref={box}>
      <RoomHeader room={room} me={me} view={view} agents={agents} />
      <Timeline view={view} viewer={viewer} />
      <VoiceStrip />
      <Composer room={id} view={view} viewer={viewer} agents={agents} />
    </div>
  )
}

function NoRoom({ id, error }: { id: string; error: Error }) {
  const isNarrow = useMedia(narrow)
  useEffect(() => forgetRoom(id), [id])
  const problem = error instanceof ApiError ? error.problem : undefined
  if (problem === undefined) throw error
  return (
    <>
      {isNarrow && (
        <header className="room-header">
          <SidebarButton />
        </header>
      )}
      <div className="empty">
        <h1>{problem.status === 404 ? `There is no room “${id}”` : sentence(problem.title)}</h1>
        <p>
          {problem.status === 404
            ? 'It may have another name by now, have been removed, or not be shared with you.'
            : problem.detail !== undefined && sentence(problem.detail)}
        </p>
        <Link className="button" href="/">
          To the rooms
        </Link>
      </div>
    </>
  )
}
