import { useQuery } from '@tanstack/react-query'
import { Link, useSearchParams } from 'wouter'
import { meQuery } from '../../state/queries.ts'
import { AgentsPart } from '../admin/agents-part.tsx'
import { AuditPart } from '../admin/audit-part.tsx'
import { InvitationsPart } from '../admin/invitations-part.tsx'
import { UsersPart } from '../admin/users-part.tsx'
import { Page } from './page.tsx'

const parts = [
  { id: 'users', title: 'Users', Part: UsersPart },
  { id: 'invitations', title: 'Invitations', Part: InvitationsPart },
  { id: 'agents', title: 'Agents', Part: AgentsPart },
  { id: 'audit', title: 'Audit log', Part: AuditPart },
] as const

/** Users and agents; where nobody logs in, agents alone. */
export function AdminPage() {
  const { data: me } = useQuery(meQuery)
  const [search] = useSearchParams()
  if (me === undefined) return null
  if (me.mode === 'local')
    return (
      <Page title="Agents" lead="Who answers in your rooms, and how.">
        <AgentsPart />
      </Page>
    )
  const wanted = search.get('part')
  const shown = parts.find(({ id }) => id === wanted) ?? parts[0]
  return (
    <Page title="Admin">
      <nav className="tabs" aria-label="Parts of this page">
        {parts.map(({ id, title }) => (
          <Link key={id} href={`/admin?part=${id}`} aria-current={id === shown.id ? 'page' : undefined}>
            {title}
          </Link>
        ))}
      </nav>
      <shown.Part />
    </Page>
  )
}
