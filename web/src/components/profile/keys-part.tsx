import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { ApiKey } from '../../../../services/backend/protocol.ts'
import { createKey, curlLine, removeKey, scopeInWords, type Scope } from '../../state/admin/keys.ts'
import { keysQuery } from '../../state/admin/queries.ts'
import { ago, day } from '../../state/format.ts'
import { Dialog } from '../controls/dialog.tsx'
import { Icon } from '../controls/icon.tsx'
import { ProblemNote } from '../controls/problem.tsx'
import { Confirm } from '../pages/confirm.tsx'
import { Loaded } from '../pages/loaded.tsx'
import { Section } from '../pages/page.tsx'
import { Secret } from '../pages/secret.tsx'
import { useAction } from '../pages/use-action.ts'

export function KeysPart({ isAdmin }: { isAdmin: boolean }) {
  const query = useQuery(keysQuery)
  const [making, setMaking] = useState(false)
  const [now] = useState(Date.now)
  return (
    <Section
      title="API keys"
      about="For programs of yours. A key may never do more than you."
      actions={
        <button className="button" type="button" onClick={() => setMaking(true)}>
          <Icon name="plus" /> New key
        </button>
      }
    >
      <Loaded query={query}>
        {keys =>
          keys.length === 0 ? (
            <div className="card none-yet">
              <p className="soft">You have no key.</p>
            </div>
          ) : (
            <ul className="card rows">
              {keys.map(key => (
                <Row key={key.id} apiKey={key} now={now} />
              ))}
            </ul>
          )
        }
      </Loaded>
      {making && <KeyDialog isAdmin={isAdmin} onClose={() => setMaking(false)} />}
    </Section>
  )
}

function Row({ apiKey: { id, label, scopes, created, used }, now }: { apiKey: ApiKey; now: number }) {
  const [asked, setAsked] = useState(false)
  return (
    <li>
      <div className="grow">
        <p className="strong">{label}</p>
        <p className="soft note number">
          {scopes.map(scope => scopeInWords[scope].title).join(', ')} · made {day(created)} ·{' '}
          {used === null ? 'never used' : `used ${ago(used, now)}`}
        </p>
      </div>
      <button className="button" type="button" aria-label={`Revoke ${label}`} onClick={() => setAsked(true)}>
        Revoke…
      </button>
      {asked && (
        <Confirm
          title={`Revoke ${label}?`}
          button="Revoke"
          danger
          ask={() => removeKey(id)}
          onClose={() => setAsked(false)}
        >
          <p>Programs that use this key are refused from now on. What they have said stays.</p>
        </Confirm>
      )}
    </li>
  )
}

function KeyDialog({ isAdmin, onClose }: { isAdmin: boolean; onClose: () => void }) {
  const { run, busy, problem } = useAction()
  const [label, setLabel] = useState('')
  const [scopes, setScopes] = useState<readonly Scope[]>(['rooms:read'])
  const [token, setToken] = useState<string>()
  if (token !== undefined)
    return (
      <Dialog title="The new key" onClose={onClose} wide>
        <p>It is kept as a hash only: nobody can show it again.</p>
        <Secret label="Key, shown this once" text={token} />
        <Secret label="Try it" text={curlLine(location.origin, token)} />
        <div className="row end">
          <button className="button primary" type="button" onClick={onClose}>
            Done
          </button>
        </div>
      </Dialog>
    )
  const offered = (Object.keys(scopeInWords) as Scope[]).filter(scope => scope !== 'admin' || isAdmin)
  return (
    <Dialog title="New API key" onClose={onClose} busy={busy}>
      <form
        className="stack"
        onSubmit={event => {
          event.preventDefault()
          run(() => createKey(label, scopes).then(setToken))
        }}
      >
        <label className="field">
          <span className="label">What it is for</span>
          <input
            className="input"
            required
            maxLength={100}
            autoComplete="off"
            value={label}
            onChange={event => setLabel(event.target.value)}
          />
        </label>
        <fieldset className="scopes">
          <legend className="legend">What it may do</legend>
          {offered.map(scope => (
            <label key={scope} className="option">
              <input
                type="checkbox"
                checked={scopes.includes(scope)}
                onChange={event =>
                  setScopes(
                    event.target.checked ? [...scopes, scope] : scopes.filter(other => other !== scope),
                  )
                }
              />
              <span className="strong">{scopeInWords[scope].title}</span>
              <span className="soft">{scopeInWords[scope].about}</span>
            </label>
          ))}
        </fieldset>
        <ProblemNote problem={problem} />
        <div className="row end">
          <button className="button" type="button" onClick={onClose}>
            Cancel
          </button>
          <button className="button primary" type="submit" disabled={busy || scopes.length === 0}>
            Make the key
          </button>
        </div>
      </form>
    </Dialog>
  )
}
