import { useQuery } from '@tanstack/react-query'
import { meQuery } from '../../state/queries.ts'
import { KeysPart } from '../profile/keys-part.tsx'
import { PasswordPart } from '../profile/password-part.tsx'
import { SessionsPart } from '../profile/sessions-part.tsx'
import { SettingsPart } from '../profile/settings-part.tsx'
import { Page } from './page.tsx'

export function ProfilePage() {
  const { data: me } = useQuery(meQuery)
  if (me === undefined) return null
  if (me.mode === 'local')
    return (
      <Page
        title="Preferences"
        lead={`You are ${me.name}, the user of this machine: nobody logs in here, and you may do everything.`}
      >
        <SettingsPart />
        <p className="callout">
          To let others in, start with <code>npm run up -- --listen 0.0.0.0</code>. Then everybody has an
          account with a password, and this page has yours.
        </p>
      </Page>
    )
  return (
    <Page title="Profile" lead={`You are ${me.name}, ${me.role === 'admin' ? 'an admin' : 'a user'}.`}>
      <SettingsPart />
      <PasswordPart name={me.name} />
      <SessionsPart />
      <KeysPart isAdmin={me.role === 'admin'} />
    </Page>
  )
}
