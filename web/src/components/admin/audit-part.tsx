import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { AuditEntry } from '../../../../services/backend/protocol.ts'
import { auditInWords } from '../../state/admin/audit.ts'
import { auditQuery } from '../../state/admin/queries.ts'
import { moment } from '../../state/format.ts'
import { Loaded } from '../pages/loaded.tsx'
import { Section } from '../pages/page.tsx'
import './audit-part.css'

/** As many at first, and as many more with each press. */
const step = 100
const most = 1000

export function AuditPart() {
  const [limit, setLimit] = useState(step)
  const [filter, setFilter] = useState('')
  const query = useQuery(auditQuery(limit))
  return (
    <Section
      title="Audit log"
      untitled
      about="What happened to accounts, keys and rooms, the newest first."
      actions={
        <input
          className="input audit-filter"
          type="search"
          aria-label="Filter the audit log"
          placeholder="Filter"
          value={filter}
          onChange={event => setFilter(event.target.value)}
        />
      }
    >
      <Loaded query={query}>
        {entries => {
          const shown = entries.filter(entry =>
            lineOf(entry).toLowerCase().includes(filter.trim().toLowerCase()),
          )
          return (
            <>
              <ul className="card rows audit">
                {shown.map((entry, at) => (
                  <li key={at} data-bad={entry.what === 'login.failed'}>
                    <time className="soft number" dateTime={entry.at}>
                      {moment(entry.at)}
                    </time>
                    <span className="grow">{auditInWords(entry)}</span>
                    {entry.address !== null && <span className="soft mono">{entry.address}</span>}
                  </li>
                ))}
                {shown.length === 0 && (
                  <li className="soft">
                    {entries.length === 0 ? 'Nothing has happened yet.' : 'No entry has these words.'}
                  </li>
                )}
              </ul>
              {entries.length === limit && limit < most && (
                <div className="row">
                  <button className="button" type="button" onClick={() => setLimit(limit + step)}>
                    Show older ones
                  </button>
                </div>
              )}
            </>
          )
        }}
      </Loaded>
    </Section>
  )
}

function lineOf(entry: AuditEntry): string {
  return `${auditInWords(entry)} ${entry.address ?? ''} ${moment(entry.at)}`
}
