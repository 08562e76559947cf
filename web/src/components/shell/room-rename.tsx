import { useId, useState } from 'react'
import type { Me, RoomDetail } from '../../../../services/backend/protocol.ts'
import { roomNameFault, roomNameRule } from '../../state/shell/room-name.ts'
import { roomName } from '../../state/shell/rooms.ts'
import type { RoomChange } from './room-settings.tsx'

export function RoomRename({
  room,
  me,
  change,
}: {
  room: RoomDetail
  me: Me
  change: (body: RoomChange) => Promise<void>
}) {
  const last = room.id.split('/').at(-1) ?? room.id
  const folder = room.id.slice(0, room.id.length - last.length)
  const [name, setName] = useState(last)
  const hint = useId()
  const fault = roomNameFault(name.trim())
  const isSame = name.trim() === last
  return (
    <form
      className="field"
      onSubmit={event => {
        event.preventDefault()
        if (fault === undefined && !isSame) void change({ id: `${folder}${name.trim()}` })
      }}
    >
      <label className="label" htmlFor={`${hint}-name`}>
        Name
      </label>
      <div className="rename">
        <input
          id={`${hint}-name`}
          className="input"
          value={name}
          maxLength={100}
          autoComplete="off"
          aria-invalid={fault !== undefined}
          aria-describedby={hint}
          onChange={event => setName(event.target.value)}
        />
        <button className="button" type="submit" disabled={isSame || fault !== undefined}>
          Rename
        </button>
      </div>
      <span id={hint} className={fault === undefined ? 'hint' : 'fault'} role="status">
        {fault ??
          (folder === ''
            ? roomNameRule
            : `${roomName(room.id, me.name)} is a room of ${folder.slice(0, -1)}.`)}
      </span>
    </form>
  )
}
