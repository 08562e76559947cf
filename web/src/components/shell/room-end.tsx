import { useState, type ReactNode } from 'react'
import { useLocation } from 'wouter'
import type { RoomDetail } from '../../../../services/backend/protocol.ts'
import { call, roomPath } from '../../state/api.ts'
import { queries, roomQuery } from '../../state/queries.ts'
import { closeDialog } from '../../state/shell/dialogs.ts'
import { forgetRoom } from '../../state/shell/last-room.ts'
import { toast } from '../../state/toasts.ts'
import type { RoomChange } from './room-settings.tsx'

/** Archive, clear, remove: each with what happens and what stays. */
export function RoomEnd({
  room,
  change,
  attempt,
}: {
  room: RoomDetail
  change: (body: RoomChange) => Promise<void>
  attempt: (act: () => Promise<void>) => Promise<void>
}) {
  const [, navigate] = useLocation()
  const clear = (): Promise<void> =>
    attempt(async () => {
      await call('POST', `${roomPath(room.id)}/clear`)
      toast('The room is empty. Its old text is kept on the server.')
      closeDialog()
    })
  const remove = (): Promise<void> =>
    attempt(async () => {
      await call('DELETE', roomPath(room.id))
      forgetRoom(room.id)
      closeDialog()
      navigate('/', { replace: true })
      queries.removeQueries({ queryKey: roomQuery(room.id).queryKey })
      await queries.invalidateQueries({ queryKey: ['rooms'] })
      toast(`${room.id} is removed. Its text is kept on the server.`)
    })
  return (
    <section>
      <h3 className="label">Put it away</h3>
      <div className="ending">
        <p>
          {room.archived
            ? 'It is archived: everybody can read it, nobody writes.'
            : 'Archived, it can be read and found, and takes no messages.'}
        </p>
        <button className="button" type="button" onClick={() => void change({ archived: !room.archived })}>
          {room.archived ? 'Bring it back' : 'Archive'}
        </button>
      </div>
      {!room.archived && (
        <Ending
          words="Clear takes all messages out of the room. The old text is kept in rooms/.old on the server."
          action="Clear"
          sure="Clear the room"
          act={clear}
        />
      )}
      <Ending
        words="Remove takes the room away for everybody, with the files that were sent to it. Its text is kept in rooms/.old on the server; the files are not."
        action="Remove"
        sure="Remove the room"
        act={remove}
      />
    </section>
  )
}

/** A button that has to be pressed and then confirmed, in place. */
function Ending({
  words,
  action,
  sure,
  act,
}: {
  words: ReactNode
  action: string
  sure: string
  act: () => Promise<void>
}) {
  const [asked, setAsked] = useState(false)
  return (
    <div className="ending">
      <p>{words}</p>
      {asked ? (
        <div className="row">
          <button className="button quiet" type="button" onClick={() => setAsked(false)}>
            Keep it
          </button>
          <button
            className="button danger"
            type="button"
            // The button that was pressed has gone.
            ref={button => button?.focus()}
            onClick={() => void act()}
          >
            {sure}
          </button>
        </div>
      ) : (
        <button className="button danger" type="button" onClick={() => setAsked(true)}>
          {action}
        </button>
      )}
    </div>
  )
}
