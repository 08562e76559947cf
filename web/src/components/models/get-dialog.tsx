import { useQuery } from '@tanstack/react-query'
import { useEffect } from 'react'
import type { Model } from '../../../../services/backend/protocol.ts'
import { bytes } from '../../state/format.ts'
import { modelActions } from '../../state/models/actions.ts'
import { downloads, rateOfDownload, watchDownloads } from '../../state/models/downloads.ts'
import { problemOfModel, progressInWords } from '../../state/models/words.ts'
import { modelsQuery, systemQuery } from '../../state/queries.ts'
import { Dialog } from '../controls/dialog.tsx'
import { ProblemNote } from '../controls/problem.tsx'
import { useStore } from '../controls/use-store.ts'
import { useAction } from '../pages/use-action.ts'
import './get-dialog.css'

/** What getting a model brings, asked before; then how it goes. Closing it stops nothing. */
export function GetDialog({ id, onClose }: { id: string; onClose: () => void }) {
  const { data } = useQuery(modelsQuery)
  const model = data?.models.find(model => model.id === id)
  if (model === undefined) return null
  return (
    <Dialog title={titleOf(model)} onClose={onClose}>
      {model.state.type === 'fetching' ? (
        <Progress model={model} state={model.state} onClose={onClose} />
      ) : model.state.type === 'absent' ? (
        <Consent model={model} onClose={onClose} />
      ) : (
        <>
          <p>It is installed, and can be chosen now.</p>
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

function titleOf({ title, state }: Model): string {
  if (state.type === 'fetching') return `Getting ${title}`
  return state.type === 'absent' ? `Get ${title}?` : `${title} is here`
}

function Consent({ model, onClose }: { model: Model; onClose: () => void }) {
  const { data: system } = useQuery({ ...systemQuery, refetchInterval: false })
  const { run, busy, problem } = useAction()
  const { download } = model
  if (download === null) return <p>It can’t be got from here.</p>
  const free = system?.disk.free
  const before = problemOfModel(model)
  return (
    <>
      <p>This comes over the network and stays on this machine until somebody removes it.</p>
      <ul className="card rows parts">
        {download.parts.map(part => (
          <li key={part.id}>
            <span className="grow">
              <span className="strong">{part.title}</span>
              <span className="soft note parts-about">
                {part.licence} · from {part.from}
              </span>
            </span>
            <span className="number">{bytes(part.bytes)}</span>
          </li>
        ))}
      </ul>
      <p className="note number">
        <span className="strong">{bytes(download.bytes)} in all.</span>{' '}
        {free !== undefined && <span className="soft">{bytes(free)} are free on the disk.</span>}
      </p>
      {free !== undefined && free < download.bytes && (
        <p className="callout" data-tone="waiting">
          This is more than the disk has room for. Remove something first.
        </p>
      )}
      <ProblemNote problem={problem ?? before} />
      <div className="row end">
        <button className="button" type="button" onClick={onClose}>
          Cancel
        </button>
        <button
          className="button primary"
          type="button"
          data-first
          disabled={busy}
          onClick={() => run(() => modelActions.fetch(model))}
        >
          {before === undefined ? `Get ${bytes(download.bytes)}` : 'Try again'}
        </button>
      </div>
    </>
  )
}

function Progress({
  model,
  state,
  onClose,
}: {
  model: Model
  state: Extract<Model['state'], { type: 'fetching' }>
  onClose: () => void
}) {
  useEffect(watchDownloads, [])
  const rate = rateOfDownload(useStore(downloads), model.id)
  const { run, busy, problem } = useAction()
  return (
    <>
      <div className="stack-small">
        <progress value={state.bytes} max={state.total} aria-label={`Getting ${model.title}`} />
        <p className="note soft number">{progressInWords(state.bytes, state.total, rate)}</p>
      </div>
      {state.notice !== undefined && <p className="callout">{state.notice}</p>}
      <p className="note soft">You can close this: it goes on. If you stop it, what has come is kept.</p>
      <ProblemNote problem={problem} />
      <div className="row end">
        <button
          className="button danger"
          type="button"
          disabled={busy}
          onClick={() => run(() => modelActions.stopFetch(model))}
        >
          Stop
        </button>
        <button className="button" type="button" onClick={onClose}>
          Close
        </button>
      </div>
    </>
  )
}
