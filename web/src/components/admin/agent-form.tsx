import { useQuery } from '@tanstack/react-query'
import { useId, useState, type ReactNode } from 'react'
import type { ListedAgent } from '../../../../services/backend/protocol.ts'
import {
  bodyOf,
  draftOf,
  emptyDraft,
  turnsInWords,
  type AgentDraft,
  type DraftField,
  type Faults,
} from '../../state/admin/agent-form.ts'
import { saveAgent } from '../../state/admin/agents.ts'
import { defaultOf } from '../../state/models/groups.ts'
import { modelsQuery } from '../../state/queries.ts'
import { toast } from '../../state/toasts.ts'
import { Dialog } from '../controls/dialog.tsx'
import { ProblemNote } from '../controls/problem.tsx'
import { useAction } from '../pages/use-action.ts'
import './agent-form.css'

/** Everything that an agent's file can say, in plain words. Without `agent`: a new one. */
export function AgentForm({ agent, onClose }: { agent?: ListedAgent; onClose: () => void }) {
  const [draft, setDraft] = useState(agent === undefined ? emptyDraft : draftOf(agent))
  const [faults, setFaults] = useState<Faults>({})
  const { run, busy, problem } = useAction()
  const set = (change: Partial<AgentDraft>): void => setDraft({ ...draft, ...change })
  const save = (): void => {
    const read = bodyOf(draft)
    setFaults(read.ok ? {} : read.faults)
    if (!read.ok) return
    run(
      () => saveAgent(draft.name.trim(), read.body),
      () => {
        toast(`${draft.name.trim()} is saved`)
        onClose()
      },
    )
  }
  const text = (field: TextField, label: string, hint?: string, input: 'text' | 'decimal' = 'text') => (
    <Field label={label} hint={hint} fault={faults[field]}>
      {attributes => (
        <input
          {...attributes}
          className="input"
          value={draft[field]}
          inputMode={input}
          autoComplete="off"
          onChange={event => set({ [field]: event.target.value })}
        />
      )}
    </Field>
  )
  return (
    <Dialog
      title={agent === undefined ? 'New agent' : `Edit ${agent.name}`}
      wide
      busy={busy}
      onClose={onClose}
    >
      <form
        className="stack"
        noValidate
        onSubmit={event => {
          event.preventDefault()
          save()
        }}
      >
        {agent === undefined &&
          text('name', 'Name', 'The label of its messages: letters, digits, _ . - and no spaces.')}
        <Field
          label="What it is told"
          hint="Its system prompt: who it is, how it speaks."
          fault={faults.system}
        >
          {attributes => (
            <textarea
              {...attributes}
              className="input"
              rows={5}
              value={draft.system}
              onChange={event => set({ system: event.target.value })}
            />
          )}
        </Field>
        <ModelField draft={draft} onChange={model => set({ model })} />
        <fieldset className="stack-small">
          <legend className="legend">When it speaks</legend>
          {(Object.keys(turnsInWords) as ListedAgent['turns'][]).map(turns => (
            <label key={turns} className="option">
              <input
                type="radio"
                name="turns"
                checked={draft.turns === turns}
                onChange={() => set({ turns })}
              />
              <span className="strong">{turnsInWords[turns].title}</span>
              <span className="soft">{turnsInWords[turns].about}</span>
            </label>
          ))}
        </fieldset>
        <label className="option">
          <input
            type="checkbox"
            checked={draft.history}
            onChange={event => set({ history: event.target.checked })}
          />
          <span className="strong">It knows what was said before</span>
          <span className="soft">Otherwise it is given only the message that it answers.</span>
        </label>
        <details className="agent-more" open={hasMore(draft, faults) ? true : undefined}>
          <summary>More settings</summary>
          <div className="two">
            {text('temperature', 'Temperature', '0 to 2: low is steady, high is inventive.', 'decimal')}
            {text('maxTokens', 'Longest answer', 'In tokens. A token is about four letters.', 'decimal')}
            {text('contextTokens', 'Memory of the room', 'In tokens, its answer included.', 'decimal')}
            {text('contextMessages', 'Messages it is given', 'At most; the oldest are left out.', 'decimal')}
            {text('cooldown', 'Pause', 'Seconds without speaking unasked after it has spoken.', 'decimal')}
            {text('voice', 'Voice', 'What reads its answers aloud: an id of courante say --voices.')}
            {text('portal', 'Service', 'Another service that answers in place of a language model.')}
          </div>
        </details>
        <ProblemNote problem={problem} />
        <div className="row end">
          <button className="button" type="button" disabled={busy} onClick={onClose}>
            Cancel
          </button>
          <button className="button primary" type="submit" disabled={busy}>
            Save
          </button>
        </div>
      </form>
    </Dialog>
  )
}

type TextField = Exclude<DraftField, 'history' | 'turns'>

/** What is set there has to be seen, and so has what is wrong there. */
function hasMore(draft: AgentDraft, faults: Faults): boolean {
  const fields = ['temperature', 'maxTokens', 'contextTokens', 'contextMessages', 'cooldown'] as const
  return fields.some(field => faults[field] !== undefined || draft[field] !== '')
}

function ModelField({ draft, onChange }: { draft: AgentDraft; onChange: (model: string) => void }) {
  const { data } = useQuery(modelsQuery)
  const models = (data?.models ?? []).filter(({ kind, engine }) => kind === 'llm' && engine !== '')
  const here = models.filter(({ state }) => state.type !== 'absent')
  const usual = defaultOf(models, 'llm')
  const isListed = draft.model === '' || here.some(({ id }) => id === draft.model)
  return (
    <Field label="Model" hint="What is not installed can be got on the models page.">
      {attributes => (
        <select
          {...attributes}
          className="input"
          value={draft.model}
          onChange={event => onChange(event.target.value)}
        >
          <option value="">This machine’s choice{usual === undefined ? '' : `: ${usual.title}`}</option>
          {here.map(({ id, title }) => (
            <option key={id} value={id}>
              {title}
            </option>
          ))}
          {!isListed && <option value={draft.model}>{draft.model}, not installed</option>}
        </select>
      )}
    </Field>
  )
}

function Field({
  label,
  hint,
  fault,
  children,
}: {
  label: string
  hint?: string | undefined
  fault?: string | undefined
  children: (attributes: { id: string; 'aria-invalid': boolean; 'aria-describedby': string }) => ReactNode
}) {
  const id = useId()
  return (
    <div className="field">
      <label className="label" htmlFor={id}>
        {label}
      </label>
      {children({ id, 'aria-invalid': fault !== undefined, 'aria-describedby': `${id}-hint` })}
      <span className={fault === undefined ? 'hint' : 'fault'} id={`${id}-hint`}>
        {fault ?? hint}
      </span>
    </div>
  )
}
