import { useState } from 'react'
import { call } from '../../state/api.ts'
import { bytes, count, cpu, duration } from '../../state/format.ts'
import { queries } from '../../state/queries.ts'
import { restartInWords, serviceInWords, type Service } from '../../state/system/words.ts'
import { toast } from '../../state/toasts.ts'
import { sentence } from '../controls/problem.tsx'
import { Confirm } from '../pages/confirm.tsx'
import { useAction } from '../pages/use-action.ts'
import './services.css'

export function Services({
  services,
  shown,
  onShow,
}: {
  services: readonly Service[]
  shown: string | undefined
  onShow: (name: string) => void
}) {
  return (
    <div className="card services">
      <table>
        <thead>
          <tr>
            {['Service', 'State', 'Up', 'Restarts', 'CPU', 'Memory', 'Port', 'Process'].map(head => (
              <th key={head} scope="col">
                {head}
              </th>
            ))}
            <th scope="col">
              <span className="unseen-text">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {services.map(service => (
            <Row key={service.name} service={service} shown={service.name === shown} onShow={onShow} />
          ))}
        </tbody>
      </table>
    </div>
  )
}

function Row({
  service,
  shown,
  onShow,
}: {
  service: Service
  shown: boolean
  onShow: (name: string) => void
}) {
  const { name, pid, uptimeMs, restarts, port, usage, why } = service
  const { words, tone } = serviceInWords(service)
  return (
    <tr>
      <th scope="row">{name}</th>
      <td data-head="State">
        <span className="badge" data-tone={tone}>
          {words}
        </span>
        {why !== undefined && <p className="note soft">{sentence(why)}</p>}
      </td>
      <td data-head="Up">{uptimeMs === undefined ? '–' : duration(uptimeMs)}</td>
      <td data-head="Restarts">{restarts}</td>
      <td data-head="CPU">{usage === undefined ? '–' : cpu(usage.cpu)}</td>
      <td data-head="Memory" title={usage && count(usage.processes, 'process', 'processes')}>
        {usage === undefined ? '–' : bytes(usage.memory)}
      </td>
      <td data-head="Port">{port ?? '–'}</td>
      <td data-head="Process">{pid ?? '–'}</td>
      <td className="service-actions">
        <button
          className="button quiet"
          type="button"
          aria-pressed={shown}
          aria-label={`Log of ${name}`}
          onClick={() => onShow(name)}
        >
          Log
        </button>
        <Restart name={name} />
      </td>
    </tr>
  )
}

function Restart({ name }: { name: string }) {
  const [asked, setAsked] = useState(false)
  const { run, busy, problem } = useAction()
  const consequence = restartInWords(name)
  const restart = async (): Promise<void> => {
    await call('POST', '/api/system/restart', { body: { service: name } })
    toast(`${name} restarts`)
    await queries.invalidateQueries({ queryKey: ['system'] })
  }
  return (
    <>
      <button
        className="button quiet"
        type="button"
        aria-label={`Restart ${name}`}
        disabled={busy}
        onClick={() => (consequence === undefined ? run(restart) : setAsked(true))}
      >
        Restart{consequence !== undefined && '…'}
      </button>
      {problem !== undefined && (
        <span className="note service-problem" role="alert">
          {sentence(problem.title)}
        </span>
      )}
      {asked && (
        <Confirm title={`Restart ${name}?`} button="Restart" ask={restart} onClose={() => setAsked(false)}>
          <p>{consequence}</p>
        </Confirm>
      )}
    </>
  )
}
