import { useQuery } from '@tanstack/react-query'
import { Redirect } from 'wouter'
import type { Me } from '../../../../services/backend/protocol.ts'
import { call } from '../../state/api.ts'
import { queries, roomsQuery } from '../../state/queries.ts'
import { openDialog } from '../../state/shell/dialogs.ts'
import { lastRoom } from '../../state/shell/last-room.ts'
import { groupRooms, homeRoom, roomHref } from '../../state/shell/rooms.ts'

/** `/`: the room where one was last, the lobby, any. On a server without rooms the lobby is made, once, as `courante chat` does. */
export function Home({ me }: { me: Me }) {
  const { data: rooms } = useQuery({ ...roomsQuery, throwOnError: true })
  const lobby = useQuery({
    queryKey: ['lobby'],
    queryFn: async () => {
      await call('POST', '/api/rooms', { body: { id: 'lobby' } })
      await queries.invalidateQueries({ queryKey: roomsQuery.queryKey })
      return true
    },
    enabled: rooms?.length === 0,
    staleTime: Infinity,
    retry: false,
  })
  if (rooms === undefined || lobby.isFetching) return null
  const room = homeRoom(groupRooms(rooms, me.name), lastRoom())
  if (room !== undefined) return <Redirect to={roomHref(room)} replace />
  return (
    <div className="empty">
      <h1>No room yet</h1>
      <p>A room is where people and agents talk. On the server it is one plain text file.</p>
      <button className="button primary" type="button" onClick={() => openDialog({ type: 'newRoom' })}>
        New room
      </button>
    </div>
  )
}
