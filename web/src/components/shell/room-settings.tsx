import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useLocation } from 'wouter'
import type { Me, RoomDetail } from '../../../../services/backend/protocol.ts'
import type { ApiProblem } from '../../../../services/chat/protocol.ts'
import { call, problemOf, roomPath } from '../../state/api.ts'
import { agentsQuery, queries, roomQuery } from '../../state/queries.ts'
import { moveRoom } from '../../state/room/move-room.ts'
import { closeDialog } from '../../state/shell/dialogs.ts'
import { roomHref, roomName } from '../../state/shell/rooms.ts'
import { Dialog } from '../controls/dialog.tsx'
import { ProblemNote } from '../controls/problem.tsx'
import { AgentChoice } from './agent-choice.tsx'
import { RoomEnd } from './room-end.tsx'
import { RoomMembers } from './room-members.tsx'
import { RoomRename } from './room-rename.tsx'
import './room-settings.css'

export type RoomChange = Readonly<
  Partial<{
    id: string
    archived: boolean
    agents: readonly string[]
    members: Record<string, 'reader' | 'writer'>
  }>
>

/** Everything about a room; each part is in effect as soon as it is changed. */
export function RoomSettings({ me, id }: { me: Me; id: string }) {
  const { data: room } = useQuery(roomQuery(id))
  return (
    <Dialog title={`Settings of ${roomName(id, me.name)}`} onClose={closeDialog}>
      {room === undefined ? <p className="soft late">Loading</p> : <Parts me={me} room={room} />}
    </Dialog>
  )
}

function Parts({ me, room }: { me: Me; room: RoomDetail }) {
  const [, navigate] = useLocation()
  const { data: listed } = useQuery(agentsQuery)
  const [problem, setProblem] = useState<ApiProblem>()
  const mayChange = room.role === 'owner'
  const attempt = async (act: () => Promise<void>): Promise<void> => {
    setProblem(undefined)
    try {
      await act()
    } catch (error) {
      setProblem(problemOf(error))
    }
  }
  const change = (body: RoomChange): Promise<void> =>
    attempt(async () => {
      const now = await call<RoomDetail>('PATCH', roomPath(room.id), { body })
      queries.setQueryData(roomQuery(now.id).queryKey, now)
      await queries.invalidateQueries({ queryKey: ['rooms'] })
      if (now.id === room.id) return
      moveRoom(me.name, room.id, now.id)
      closeDialog()
      navigate(roomHref(now.id), { replace: true })
    })
  return (
    <div className="room-settings">
      {!mayChange && (
        <p className="callout">
          {room.owner === null
            ? 'Only admins change this room.'
            : `${room.owner} owns this room and may change it.`}
        </p>
      )}
      <ProblemNote problem={problem} />
      {mayChange && <RoomRename room={room} me={me} change={change} />}
      <AgentChoice
        agents={listed?.agents ?? []}
        chosen={room.agents}
        disabled={!mayChange}
        onChange={agents => void change({ agents })}
      />
      {me.mode === 'accounts' && <RoomMembers room={room} me={me} change={change} />}
      <section className="field">
        <h3 className="label">Take it with you</h3>
        <div className="row">
          <a className="button" href={`${roomPath(room.id)}/export`} download>
            Export as text (.bb)
          </a>
          <a className="button" href={`${roomPath(room.id)}/html?limit=500`} target="_blank" rel="noreferrer">
            Open as a plain page
          </a>
        </div>
      </section>
      {mayChange && <RoomEnd room={room} change={change} attempt={attempt} />}
    </div>
  )
}
