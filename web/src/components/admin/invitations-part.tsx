import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { Invitation, User } from '../../../../services/backend/protocol.ts'
import { invitationsQuery } from '../../state/admin/queries.ts'
import { invite, linkOf, revokeInvitation } from '../../state/admin/users.ts'
import { moment } from '../../state/format.ts'
import { Dialog } from '../controls/dialog.tsx'
import { Icon } from '../controls/icon.tsx'
import { ProblemNote } from '../controls/problem.tsx'
import { Confirm } from '../pages/confirm.tsx'
import { Loaded } from '../pages/loaded.tsx'
import { Section } from '../pages/page.tsx'
import { Secret } from '../pages/secret.tsx'
import { useAction } from '../pages/use-action.ts'

export function InvitationsPart() {
  const query = useQuery(invitationsQuery)
  const [making, setMaking] = useState(false)
  return (
    <Section
      title="Invitations"
      untitled
      about="Links that were not used yet. Whoever has one can use it, once."
      actions={
        <button className="button primary" type="button" onClick={() => setMaking(true)}>
          <Icon name="plus" /> Invite
        </button>
      }
    >
      <Loaded query={query}>
        {invitations =>
          invitations.length === 0 ? (
            <div className="card none-yet">
              <p className="soft">No link is open.</p>
            </div>
          ) : (
            <ul className="card rows">
              {invitations.map(invitation => (
                <Row key={invitation.id} invitation={invitation} />
              ))}
            </ul>
          )
        }
      </Loaded>
      {making && <InviteDialog onClose={() => setMaking(false)} />}
    </Section>
  )
}

function Row({ invitation }: { invitation: Invitation }) {
  const { id, kind, role, name, madeBy, expires } = invitation
  const [asked, setAsked] = useState(false)
  const what = whatInWords(invitation)
  return (
    <li>
      <div className="grow">
        <p className="strong">{what}</p>
        <p className="soft note number">
          {kind === 'invitation' && role === 'admin' && 'As an admin · '}
          Made by {madeBy} · good until {moment(expires)}
        </p>
      </div>
      <button className="button" type="button" aria-label={`Revoke: ${what}`} onClick={() => setAsked(true)}>
        Revoke…
      </button>
      {asked && (
        <Confirm
          title="Revoke this link?"
          button="Revoke"
          danger
          ask={() => revokeInvitation(id)}
          onClose={() => setAsked(false)}
        >
          <p>
            {name === null
              ? 'Whoever has it can’t become a user by it any more.'
              : `${name} can’t use it any more.`}{' '}
            You can make another one.
          </p>
        </Confirm>
      )}
    </li>
  )
}

function whatInWords({ kind, name }: Invitation): string {
  if (kind === 'reset') return `A new password for ${name ?? 'a user'}`
  return name === null ? 'For anybody, who chooses a name' : `For ${name}`
}

function InviteDialog({ onClose }: { onClose: () => void }) {
  const { run, busy, problem } = useAction()
  const [role, setRole] = useState<User['role']>('user')
  const [name, setName] = useState('')
  const [token, setToken] = useState<string>()
  if (token !== undefined)
    return (
      <Dialog title="Invitation" onClose={onClose}>
        <p>Give this link to the person. It is good for one use and 7 days.</p>
        <Secret label="Link, shown this once" text={linkOf(token)} />
        <div className="row end">
          <button className="button primary" type="button" onClick={onClose}>
            Done
          </button>
        </div>
      </Dialog>
    )
  return (
    <Dialog title="Invite somebody" onClose={onClose} busy={busy}>
      <form
        className="stack"
        onSubmit={event => {
          event.preventDefault()
          run(() => invite(role, name).then(setToken))
        }}
      >
        <label className="field">
          <span className="label">Name</span>
          <input
            className="input"
            value={name}
            autoComplete="off"
            onChange={event => setName(event.target.value)}
          />
          <span className="hint">Leave it empty to let the person choose.</span>
        </label>
        <fieldset className="stack-small">
          <legend className="unseen-text">Role</legend>
          {roles.map(({ id, title, about }) => (
            <label key={id} className="option">
              <input type="radio" name="role" checked={role === id} onChange={() => setRole(id)} />
              <span className="strong">{title}</span>
              <span className="soft">{about}</span>
            </label>
          ))}
        </fieldset>
        <ProblemNote problem={problem} />
        <div className="row end">
          <button className="button" type="button" onClick={onClose}>
            Cancel
          </button>
          <button className="button primary" type="submit" disabled={busy}>
            Make a link
          </button>
        </div>
      </form>
    </Dialog>
  )
}

const roles = [
  { id: 'user', title: 'User', about: 'Public rooms, own rooms, and rooms that others share.' },
  { id: 'admin', title: 'Admin', about: 'All rooms, users, agents and models of this machine.' },
] as const
