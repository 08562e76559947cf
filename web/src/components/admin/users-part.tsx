import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { User } from '../../../../services/backend/protocol.ts'
import { linkOf, resetLink, userActions } from '../../state/admin/users.ts'
import { day } from '../../state/format.ts'
import { meQuery, usersQuery } from '../../state/queries.ts'
import { Avatar } from '../controls/avatar.tsx'
import { Dialog } from '../controls/dialog.tsx'
import { Icon } from '../controls/icon.tsx'
import { Menu, MenuItem } from '../controls/menu.tsx'
import { ProblemNote } from '../controls/problem.tsx'
import { Confirm } from '../pages/confirm.tsx'
import { Loaded } from '../pages/loaded.tsx'
import { Section } from '../pages/page.tsx'
import { Secret } from '../pages/secret.tsx'
import { useAction } from '../pages/use-action.ts'

export function UsersPart() {
  const query = useQuery(usersQuery)
  const { data: me } = useQuery(meQuery)
  return (
    <Section title="Users" untitled about="Everybody who may log in. New ones come by an invitation.">
      <Loaded query={query}>
        {users => (
          <ul className="card rows">
            {users.map(user => (
              <UserRow key={user.name} user={user} isOwn={user.name === me?.name} />
            ))}
          </ul>
        )}
      </Loaded>
    </Section>
  )
}

function UserRow({ user, isOwn }: { user: User; isOwn: boolean }) {
  const { name, role, disabled, created, hasPassword } = user
  const [open, setOpen] = useState<'disable' | 'remove' | 'reset'>()
  const { run, busy, problem } = useAction()
  const close = (): void => setOpen(undefined)
  const other = role === 'admin' ? 'user' : 'admin'
  return (
    <li>
      <Avatar name={name} agent={false} />
      <div className="grow">
        <p className="strong">
          {name} {isOwn && <span className="soft note">you</span>}
        </p>
        <p className="soft note">
          {role === 'admin' ? 'Admin' : 'User'}
          {created !== undefined && ` since ${day(created)}`}
          {hasPassword === false && ' · has no password, so only this machine’s commands are this user'}
        </p>
        <ProblemNote problem={problem} />
      </div>
      {disabled && (
        <span className="badge" data-tone="bad">
          disabled
        </span>
      )}
      <Menu label={`More for ${name}`} button={<Icon name="more" />}>
        <MenuItem disabled={busy} onSelect={() => run(() => userActions.change(name, { role: other }))}>
          {other === 'admin' ? 'Make an admin' : 'Make a user, no admin'}
        </MenuItem>
        {!disabled && <MenuItem onSelect={() => setOpen('reset')}>Link for a new password…</MenuItem>}
        {disabled ? (
          <MenuItem disabled={busy} onSelect={() => run(() => userActions.change(name, { disabled: false }))}>
            Enable
          </MenuItem>
        ) : (
          <MenuItem onSelect={() => setOpen('disable')}>Disable…</MenuItem>
        )}
        <MenuItem danger onSelect={() => setOpen('remove')}>
          Remove…
        </MenuItem>
      </Menu>
      {open === 'disable' && (
        <Confirm
          title={`Disable ${name}?`}
          button="Disable"
          danger
          ask={() => userActions.change(name, { disabled: true })}
          onClose={close}
        >
          <p>
            All sessions of {name} end and API keys rest. Rooms, messages and keys stay, and you can enable{' '}
            {name} again.
          </p>
        </Confirm>
      )}
      {open === 'remove' && (
        <Confirm
          title={`Remove ${name}?`}
          button="Remove for good"
          danger
          ask={() => userActions.remove(name)}
          onClose={close}
        >
          <p>
            The account, its sessions and keys go, and can’t be brought back. Rooms of {name} stay as
            nobody’s, and so does what was said there.
          </p>
        </Confirm>
      )}
      {open === 'reset' && <ResetDialog name={name} onClose={close} />}
    </li>
  )
}

function ResetDialog({ name, onClose }: { name: string; onClose: () => void }) {
  const { run, busy, problem } = useAction()
  const [token, setToken] = useState<string>()
  return (
    <Dialog title={`A new password for ${name}`} onClose={onClose} busy={busy}>
      {token === undefined ? (
        <>
          <p>
            Make a link and give it to {name}. It is good for one use and a day; using it ends all sessions of{' '}
            {name}. The old password is good until then.
          </p>
          <ProblemNote problem={problem} />
          <div className="row end">
            <button className="button" type="button" onClick={onClose}>
              Cancel
            </button>
            <button
              className="button primary"
              type="button"
              disabled={busy}
              onClick={() => run(() => resetLink(name).then(setToken))}
            >
              Make a link
            </button>
          </div>
        </>
      ) : (
        <>
          <Secret label="Link, shown this once" text={linkOf(token)} />
          <div className="row end">
            <button className="button primary" type="button" onClick={onClose}>
              Done
            </button>
          </div>
        </>
      )}
    </Dialog>
  )
}
