import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { Session } from '../../../../services/backend/protocol.ts'
import { sessionsQuery } from '../../state/admin/queries.ts'
import { browserInWords } from '../../state/admin/browser.ts'
import { call } from '../../state/api.ts'
import { ago, day } from '../../state/format.ts'
import { queries } from '../../state/queries.ts'
import { ProblemNote } from '../controls/problem.tsx'
import { Loaded } from '../pages/loaded.tsx'
import { Section } from '../pages/page.tsx'
import { useAction } from '../pages/use-action.ts'

export function SessionsPart() {
  const query = useQuery(sessionsQuery)
  const [now] = useState(Date.now)
  return (
    <Section title="Sessions" about="Where you are logged in. One ends 30 days after its last use.">
      <Loaded query={query}>
        {sessions => (
          <ul className="card rows">
            {sessions.map(session => (
              <Row key={session.id} session={session} now={now} />
            ))}
          </ul>
        )}
      </Loaded>
    </Section>
  )
}

function Row({ session: { id, agent, created, used, own }, now }: { session: Session; now: number }) {
  const { run, busy, problem } = useAction()
  const browser = browserInWords(agent)
  const end = async (): Promise<void> => {
    await call('DELETE', `/api/sessions/${encodeURIComponent(id)}`)
    await queries.invalidateQueries({ queryKey: ['users', 'sessions'] })
  }
  return (
    <li>
      <div className="grow">
        <p className="strong" title={agent}>
          {browser}
        </p>
        <p className="soft note number">
          Since {day(created)} · used {ago(used, now)}
        </p>
        <ProblemNote problem={problem} />
      </div>
      {own ? (
        <span className="badge" data-tone="good">
          this one
        </span>
      ) : (
        <button
          className="button"
          type="button"
          aria-label={`End the session of ${browser}`}
          disabled={busy}
          onClick={() => run(end)}
        >
          End
        </button>
      )}
    </li>
  )
}
