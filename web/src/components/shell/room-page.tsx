import { useQuery } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import type { Me } from '../../../../services/backend/protocol.ts'
import { agentsQuery, roomQuery } from '../../state/queries.ts'
import { openRoom } from '../../state/room/open-room.ts'
import type { RoomView } from '../../state/room/view.ts'
import { Composer } from '../composer/composer.tsx'
import { Timeline } from '../timeline/timeline.tsx'

export function RoomPage({ id, me }: { id: string; me: Me }) {
  const { data: room } = useQuery(roomQuery(id))
  const { data: listed } = useQuery(agentsQuery)
  const [view, setView] = useState<RoomView>()
  useEffect(() => {
    const opened = openRoom(id, me.name)
    setView(opened)
    return () => opened.close()
  }, [id, me.name])
  if (room === undefined || listed === undefined || view === undefined) return null
  const viewer = { name: me.name, role: room.role, agents: room.agents }
  const agents = listed.agents.filter(({ name }) => room.agents.includes(name))
  return (
    <main className="room">
      <Timeline view={view} viewer={viewer} />
      <Composer room={id} view={view} viewer={viewer} agents={agents} />
    </main>
  )
}
