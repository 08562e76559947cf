import { useState } from 'react'
import type { Model, Models } from '../../../../services/backend/protocol.ts'
import { bytes, share } from '../../state/format.ts'
import { modelActions } from '../../state/models/actions.ts'
import { downloads, rateOfDownload } from '../../state/models/downloads.ts'
import {
  kindInWords,
  originInWords,
  problemOfModel,
  progressInWords,
  stateInWords,
  activityInWords,
} from '../../state/models/words.ts'
import { Icon } from '../controls/icon.tsx'
import { Menu, MenuItem } from '../controls/menu.tsx'
import { ProblemNote } from '../controls/problem.tsx'
import { useStore } from '../controls/use-store.ts'
import { Confirm } from '../pages/confirm.tsx'
import { useAction } from '../pages/use-action.ts'
import './model-row.css'

/** One model: what it is, how it stands, what can be done with it. */
export function ModelRow({
  model,
  core,
  isAdmin,
  onGet,
}: {
  model: Model
  core: Models['core']
  isAdmin: boolean
  onGet: (id: string) => void
}) {
  const [removing, setRemoving] = useState(false)
  const { run, busy, problem } = useAction()
  const { words, tone } = stateInWords(model, core)
  const { state, download } = model
  const canLoad = state.type === 'installed' && model.engine !== '' && core === 'running'
  const menu = isAdmin ? moreActions(model) : []
  return (
    <li className="model-row">
      <div className="model-what">
        <p className="strong">
          {model.title}
          {model.isDefault && <span className="model-default">default</span>}
        </p>
        <p className="soft note">
          <span className="mono">{model.id}</span> · {originInWords[model.origin]} · {model.licence}
          {model.vision && ' · takes pictures'}
        </p>
      </div>
      <div className="model-state">
        <span className={tone === 'plain' ? 'note soft' : 'badge'} data-tone={tone}>
          {words}
        </span>
        <Detail model={model} />
      </div>
      <p className="model-size number note soft">
        {state.type !== 'absent' && model.bytes > 0 && bytes(model.bytes)}
      </p>
      <div className="model-actions">
        {canLoad && (
          <Action
            label={`Load ${model.title}`}
            busy={busy}
            onClick={() => run(() => modelActions.load(model))}
          >
            Load
          </Action>
        )}
        {isAdmin && state.type === 'ready' && (
          <Action
            label={`Unload ${model.title}`}
            busy={busy}
            onClick={() => run(() => modelActions.unload(model))}
          >
            Unload
          </Action>
        )}
        {isAdmin && state.type === 'absent' && download !== null && (
          <Action label={`Get ${model.title}`} busy={busy} onClick={() => onGet(model.id)}>
            Get…
          </Action>
        )}
        {isAdmin && state.type === 'fetching' && (
          <Action label={`Show the download of ${model.title}`} busy={busy} onClick={() => onGet(model.id)}>
            Show
          </Action>
        )}
        {menu.length === 0 ? (
          <span className="no-more" />
        ) : (
          <Menu label={`More for ${model.title}`} button={<Icon name="more" />}>
            {menu.includes('default') && (
              <MenuItem onSelect={() => run(() => modelActions.makeDefault(model))}>
                Use for {kindInWords[model.kind].title.toLowerCase()} by default
              </MenuItem>
            )}
            {menu.includes('remove') && (
              <MenuItem danger onSelect={() => setRemoving(true)}>
                Remove…
              </MenuItem>
            )}
          </Menu>
        )}
      </div>
      <div className="model-problem">
        <ProblemNote problem={problem ?? problemOfModel(model)} />
      </div>
      {removing && (
        <Confirm
          title={`Remove ${model.title}?`}
          button="Remove"
          danger
          ask={() => modelActions.remove(model)}
          onClose={() => setRemoving(false)}
        >
          <p>
            Its files go, {bytes(model.bytes)}, and requests that ask for it are refused. What it has said
            stays, and it can be got again.
          </p>
        </Confirm>
      )}
    </li>
  )
}

function Action({
  label,
  busy,
  onClick,
  children,
}: {
  label: string
  busy: boolean
  onClick: () => void
  children: string
}) {
  return (
    <button className="button" type="button" aria-label={label} disabled={busy} onClick={onClick}>
      {children}
    </button>
  )
}

/** A second line: how far it is, what it does, what it takes. */
function Detail({ model }: { model: Model }) {
  const rates = useStore(downloads)
  const { state, memory } = model
  if (state.type === 'fetching')
    return (
      <>
        <progress value={state.bytes} max={state.total} aria-label={`Getting ${model.title}`} />
        <span className="soft note number">
          {progressInWords(state.bytes, state.total, rateOfDownload(rates, model.id))}
        </span>
      </>
    )
  if (state.type === 'loading')
    return (
      <progress
        value={state.progress}
        max={1}
        aria-label={`Loading ${model.title}`}
        aria-valuetext={share(state.progress)}
      />
    )
  const use = activityInWords(model)
  if (use !== undefined) return <span className="soft note number">{use}</span>
  if ((state.type === 'installed' || state.type === 'absent') && memory !== null)
    return <span className="soft note number">takes about {bytes(memory)} of memory</span>
  return null
}

function moreActions({ state, isDefault, engine, origin }: Model): readonly ('default' | 'remove')[] {
  const isHere = state.type !== 'absent' && state.type !== 'fetching'
  return [
    ...(isHere && !isDefault && engine !== '' ? (['default'] as const) : []),
    ...(isHere && origin === 'catalog' ? (['remove'] as const) : []),
  ]
}
