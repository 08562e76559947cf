import { useQuery } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import type { Models } from '../../../../services/backend/protocol.ts'
import { count } from '../../state/format.ts'
import { watchDownloads } from '../../state/models/downloads.ts'
import { byKind } from '../../state/models/groups.ts'
import { kindInWords } from '../../state/models/words.ts'
import { meQuery, modelsQuery } from '../../state/queries.ts'
import { GetDialog } from '../models/get-dialog.tsx'
import { MemoryBars } from '../models/memory-bars.tsx'
import { ModelRow } from '../models/model-row.tsx'
import { Loaded } from './loaded.tsx'
import { Page, Section } from './page.tsx'

export function ModelsPage() {
  const query = useQuery(modelsQuery)
  const [search, setSearch] = useState('')
  return (
    <Page
      title="Models"
      lead="What runs on this machine, and what could."
      actions={
        <input
          className="input"
          type="search"
          aria-label="Filter models"
          placeholder="Filter"
          value={search}
          onChange={event => setSearch(event.target.value)}
        />
      }
    >
      <Loaded query={query}>{data => <AllModels data={data} search={search} />}</Loaded>
    </Page>
  )
}

function AllModels({ data, search }: { data: Models; search: string }) {
  const { data: me } = useQuery(meQuery)
  const isAdmin = me?.role === 'admin'
  const { core, models, faults } = data
  const isFetching = models.some(({ state }) => state.type === 'fetching')
  useEffect(() => {
    if (isFetching) watchDownloads()
  }, [isFetching])
  // Here and not in the row: a row goes elsewhere when its model is on its way.
  const [getting, setGetting] = useState<string>()
  const groups = byKind(models, search)
  return (
    <>
      {core === 'absent' && (
        <div className="callout" data-tone="waiting">
          <p className="what">Core does not run, so no model can be loaded.</p>
          <p>Start it with the rest of the stack: npm run up.</p>
        </div>
      )}
      {faults.length > 0 && (
        <div className="callout" data-tone="bad">
          <p className="what">models.yaml has {count(faults.length, 'fault')}.</p>
          {faults.map(fault => (
            <p key={fault}>{fault}</p>
          ))}
        </div>
      )}
      {search === '' && Object.keys(data.budget).length > 0 && (
        <Section title="In memory">
          <MemoryBars models={data} />
        </Section>
      )}
      {groups.map(({ kind, here, toGet }) => (
        <Section key={kind} title={kindInWords[kind].title} about={kindInWords[kind].about}>
          <div className="card">
            {here.length > 0 && (
              <ul className="rows">
                {here.map(model => (
                  <ModelRow key={model.id} model={model} core={core} isAdmin={isAdmin} onGet={setGetting} />
                ))}
              </ul>
            )}
            {toGet.length > 0 && (
              <details className="to-get" open={search === '' ? undefined : true}>
                <summary>Can be got ({toGet.length})</summary>
                <ul className="rows">
                  {toGet.map(model => (
                    <ModelRow key={model.id} model={model} core={core} isAdmin={isAdmin} onGet={setGetting} />
                  ))}
                </ul>
              </details>
            )}
          </div>
        </Section>
      ))}
      {getting !== undefined && <GetDialog id={getting} onClose={() => setGetting(undefined)} />}
      {groups.length === 0 && (
        <div className="empty">
          <h2>No model {search === '' ? 'yet' : 'is called like that'}</h2>
          {search !== '' && <p>The filter looks at names, ids, kinds and licences.</p>}
        </div>
      )}
    </>
  )
}
