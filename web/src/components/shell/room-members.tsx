import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { Me, RoomDetail } from '../../../../services/backend/protocol.ts'
import { usersQuery } from '../../state/queries.ts'
import { Avatar } from '../controls/avatar.tsx'
import { Icon } from '../controls/icon.tsx'
import type { RoomChange } from './room-settings.tsx'

type Role = 'reader' | 'writer'

/** With whom a room is shared. A public one is everybody's without that. */
export function RoomMembers({
  room,
  me,
  change,
}: {
  room: RoomDetail
  me: Me
  change: (body: RoomChange) => Promise<void>
}) {
  const { data: users } = useQuery(usersQuery)
  const [name, setName] = useState('')
  const [role, setRole] = useState<Role>('writer')
  const mayChange = room.role === 'owner'
  if (!room.id.includes('/'))
    return (
      <section>
        <h3 className="label">People</h3>
        <p className="soft note">Everybody with an account here may read this room and write in it.</p>
      </section>
    )
  const set = (members: readonly { name: string; role: Role }[]): Promise<void> =>
    change({ members: Object.fromEntries(members.map(({ name, role }) => [name, role])) })
  const others = (users ?? []).filter(
    user =>
      !user.disabled &&
      user.name !== room.owner &&
      user.name !== me.name &&
      !room.members.some(member => member.name === user.name),
  )
  return (
    <section>
      <h3 className="label">Shared with</h3>
      {room.members.length === 0 && <p className="soft note">Nobody. Admins may read it all the same.</p>}
      <ul>
        {room.members.map(member => (
          <li className="member" key={member.name}>
            <Avatar name={member.name} agent={false} />
            <span className="name">{member.name}</span>
            <select
              className="input"
              aria-label={`What ${member.name} may do`}
              value={member.role}
              disabled={!mayChange}
              onChange={event =>
                void set(
                  room.members.map(other =>
                    other.name === member.name ? { ...other, role: event.target.value as Role } : other,
                  ),
                )
              }
            >
              <RoleOptions />
            </select>
            {mayChange && (
              <button
                className="icon-button"
                type="button"
                aria-label={`Share no longer with ${member.name}`}
                onClick={() => void set(room.members.filter(other => other.name !== member.name))}
              >
                <Icon name="close" />
              </button>
            )}
          </li>
        ))}
      </ul>
      {mayChange && others.length > 0 && (
        <form
          className="add-member"
          onSubmit={event => {
            event.preventDefault()
            if (name === '') return
            void set([...room.members, { name, role }])
            setName('')
          }}
        >
          <select
            className="input"
            aria-label="Share with"
            value={name}
            onChange={event => setName(event.target.value)}
          >
            <option value="">Choose somebody</option>
            {others.map(user => (
              <option key={user.name}>{user.name}</option>
            ))}
          </select>
          <select
            className="input"
            aria-label="What they may do"
            value={role}
            onChange={event => setRole(event.target.value as Role)}
          >
            <RoleOptions />
          </select>
          <button className="button" type="submit" disabled={name === ''}>
            Share
          </button>
        </form>
      )}
    </section>
  )
}

function RoleOptions() {
  return (
    <>
      <option value="reader">may read</option>
      <option value="writer">may write</option>
    </>
  )
}
