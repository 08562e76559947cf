import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { System } from '../../../../services/backend/protocol.ts'
import { bytes, count, duration } from '../../state/format.ts'
import { modelsQuery, systemQuery } from '../../state/queries.ts'
import { MemoryBars } from '../models/memory-bars.tsx'
import { LogPane } from '../system/log-pane.tsx'
import { Services } from '../system/services.tsx'
import { Loaded } from './loaded.tsx'
import { Page, Section } from './page.tsx'

/** The same facts as the console's, for admins. */
export function SystemPage() {
  const query = useQuery(systemQuery)
  return (
    <Page title="System" lead="Services, memory, work and logs of this machine.">
      <Loaded query={query}>{system => <Facts system={system} />}</Loaded>
    </Page>
  )
}

function Facts({ system }: { system: System }) {
  const [shown, setShown] = useState<string>()
  const { stack, core, budget, used, queues, disk, version, home } = system
  const { data: models } = useQuery(modelsQuery)
  const services = stack?.services ?? []
  const log = shown ?? services.find(({ name }) => name === 'backend')?.name ?? services[0]?.name
  return (
    <>
      <dl className="card facts number">
        <Fact name="Version" value={version} />
        <Fact name="Up" value={stack === null ? 'started by hand' : duration(stack.uptimeMs)} />
        <Fact name="Core" value={core === 'running' ? 'running' : 'not running'} />
        <Fact name="Disk" value={`${bytes(disk.free)} free of ${bytes(disk.total)}`} />
        <Fact name="Folder" value={home} wide />
      </dl>
      {stack === null ? (
        <div className="callout">
          <p className="what">The backend was started by hand, without a supervisor.</p>
          <p>Its services and their logs are unknown here. npm run up starts the whole stack.</p>
        </div>
      ) : (
        <Section title="Services">
          <Services services={services} shown={log} onShow={setShown} />
        </Section>
      )}
      {Object.keys(budget).length > 0 && (
        <Section title="Models in memory">
          <MemoryBars models={{ budget, used, models: models?.models ?? [] }} />
        </Section>
      )}
      {core === 'running' && (
        <Section title="Work" about="Requests that core has taken, by service.">
          <Queues queues={queues} />
        </Section>
      )}
      {log !== undefined && (
        <Section title="Log">
          <LogPane key={log} service={log} services={services.map(({ name }) => name)} onChoose={setShown} />
        </Section>
      )}
    </>
  )
}

function Fact({ name, value, wide = false }: { name: string; value: string; wide?: boolean }) {
  return (
    <div className={wide ? 'wide' : undefined}>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  )
}

function Queues({ queues }: { queues: System['queues'] }) {
  const rows = Object.entries(queues)
  if (rows.length === 0) return <p className="soft note">Nothing waits, and nothing is at work.</p>
  return (
    <dl className="card facts number">
      {rows.map(([service, { working, waiting }]) => (
        <Fact
          key={service}
          name={service}
          value={
            working + waiting === 0 ? 'idle' : `${count(working, 'request')} at work, ${waiting} waiting`
          }
        />
      ))}
    </dl>
  )
}
