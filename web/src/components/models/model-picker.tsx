import { useQuery } from '@tanstack/react-query'
import { useId, useRef, useState, type KeyboardEvent } from 'react'
import { createPortal } from 'react-dom'
import { Link } from 'wouter'
import type { ListedAgent, Model, Models } from '../../../../services/backend/protocol.ts'
import { problemOf } from '../../state/api.ts'
import { saveAgent, withModel } from '../../state/admin/agents.ts'
import { bytes } from '../../state/format.ts'
import { defaultOf, toChoose } from '../../state/models/groups.ts'
import { stateInWords } from '../../state/models/words.ts'
import { meQuery, modelsQuery } from '../../state/queries.ts'
import { toast } from '../../state/toasts.ts'
import { Icon } from '../controls/icon.tsx'
import { ProblemNote, sentence } from '../controls/problem.tsx'
import { GetDialog } from './get-dialog.tsx'
import './model-picker.css'

/** So many can be looked through without a search. */
const manyModels = 8

/** Which model an agent thinks with, how far that is on its way into memory, and others to take instead. */
export function ModelPicker({ agent }: { agent: ListedAgent }) {
  const id = useId()
  const box = useRef<HTMLDivElement>(null)
  const { data, error } = useQuery(modelsQuery)
  const { data: me } = useQuery(meQuery)
  const [getting, setGetting] = useState<string>()
  const [opened, setOpened] = useState(0)
  if (agent.portal !== undefined)
    return <p className="note soft">Answers come from the service {agent.portal}.</p>
  if (data === undefined)
    return error === null ? <p className="loading">Loading</p> : <ProblemNote problem={problemOf(error)} />
  const chosen = agent.model ?? defaultOf(data.models, 'llm')?.id
  const model = data.models.find(({ id }) => id === chosen)
  const title = model?.title ?? chosen ?? 'No language model'
  const { words, tone } =
    model === undefined ? { words: 'not on this machine', tone: 'bad' } : stateInWords(model, data.core)
  const choose = (to: string | undefined): void => {
    box.current?.hidePopover()
    saveAgent(agent.name, withModel(agent, to)).then(
      () => toast(`${agent.name} thinks with ${titleOf(data.models, to)} now`),
      (error: unknown) => toast(sentence(problemOf(error).title), 'bad'),
    )
  }
  return (
    // The menu that this may stand in has keys of its own.
    <div className="model-picker" onKeyDown={event => event.stopPropagation()}>
      <button className="button model-button" type="button" aria-haspopup="dialog" popoverTarget={id}>
        <span className="unseen-text">Model of {agent.name}: </span>
        <span className="model-name">{title}</span>
        <span className="badge" data-tone={tone}>
          {words}
        </span>
        <Icon name="chevron" />
      </button>
      <div
        ref={box}
        id={id}
        className="menu model-menu"
        role="dialog"
        aria-label={`Model of ${agent.name}`}
        popover="auto"
        onToggle={event => {
          if (event.newState === 'open') box.current?.querySelector<HTMLElement>(firstOf)?.focus()
          else setOpened(opened + 1)
        }}
        onKeyDown={event => moveIn(event, box.current)}
      >
        <Choices
          // What was searched for is forgotten.
          key={opened}
          agent={agent}
          models={data}
          mayChoose={me?.role === 'admin'}
          onChoose={choose}
          onGet={id => {
            box.current?.hidePopover()
            setGetting(id)
          }}
        />
      </div>
      {/* Elsewhere in the document: what lies in a closed popover is not shown. */}
      {getting !== undefined &&
        createPortal(<GetDialog id={getting} onClose={() => setGetting(undefined)} />, document.body)}
    </div>
  )
}

const firstOf = 'input, [aria-selected=true], [role=option], a'

function Choices({
  agent,
  models: { models, core },
  mayChoose,
  onChoose,
  onGet,
}: {
  agent: ListedAgent
  models: Models
  mayChoose: boolean
  onChoose: (id: string | undefined) => void
  onGet: (id: string) => void
}) {
  const [search, setSearch] = useState('')
  const usual = defaultOf(models, 'llm')
  const all = toChoose(models, '')
  const isLong = all.reduce((sum, { models }) => sum + models.length, 0) > manyModels
  if (!mayChoose)
    return (
      <p className="model-note note soft">
        Only admins choose what an agent thinks with: it concerns all rooms that {agent.name} is in.
      </p>
    )
  const groups = toChoose(models, search)
  return (
    <>
      {isLong && (
        <input
          className="input"
          type="search"
          aria-label="Search models"
          placeholder="Search models"
          value={search}
          onChange={event => setSearch(event.target.value)}
        />
      )}
      <div role="listbox" aria-label={`Model of ${agent.name}`}>
        {search === '' && (
          <Choice
            title="This machine’s choice"
            about={usual === undefined ? 'none yet' : usual.title}
            tone="plain"
            selected={agent.model === undefined}
            onSelect={() => onChoose(undefined)}
          />
        )}
        {groups.map(group => (
          <div key={group.title} role="group" aria-label={group.title}>
            <p className="model-group" aria-hidden="true">
              {group.title}
            </p>
            {group.models.map(model => {
              const { words, tone } = stateInWords(model, core)
              const isHere = !['absent', 'fetching'].includes(model.state.type)
              return (
                <Choice
                  key={model.id}
                  title={model.title}
                  about={toGet(model) ?? words}
                  tone={tone}
                  selected={agent.model === model.id}
                  onSelect={() => (isHere ? onChoose(model.id) : onGet(model.id))}
                />
              )
            })}
          </div>
        ))}
      </div>
      {groups.length === 0 && (
        <p className="model-note note soft">
          {search === '' ? 'There is no language model yet.' : 'No language model is called like that.'}
        </p>
      )}
      <Link className="menu-item" href="/models">
        <Icon name="models" /> All models
      </Link>
    </>
  )
}

function Choice({
  title,
  about,
  tone,
  selected,
  onSelect,
}: {
  title: string
  about: string
  tone: string
  selected: boolean
  onSelect: () => void
}) {
  return (
    <button
      className="menu-item model-choice"
      type="button"
      role="option"
      aria-selected={selected}
      tabIndex={-1}
      onClick={onSelect}
    >
      <span className="model-check">{selected && <Icon name="check" />}</span>
      <span className="model-name">{title}</span>
      <span className={tone === 'plain' ? 'note soft' : 'badge'} data-tone={tone}>
        {about}
      </span>
    </button>
  )
}

function toGet({ state, download }: Model): string | undefined {
  return state.type === 'absent' && download !== null ? `${bytes(download.bytes)}, get it` : undefined
}

function moveIn(event: KeyboardEvent, box: HTMLElement | null): void {
  const stops = [...(box?.querySelectorAll<HTMLElement>('input, [role=option], a') ?? [])]
  const at = stops.findIndex(stop => stop === document.activeElement)
  const inField = document.activeElement instanceof HTMLInputElement
  const to = {
    ArrowDown: at + 1,
    ArrowUp: at - 1,
    ...(inField ? {} : { Home: 0, End: stops.length - 1 }),
  }[event.key]
  if (to === undefined || stops.length === 0) return
  event.preventDefault()
  stops[(to + stops.length) % stops.length]?.focus()
}

function titleOf(models: readonly Model[], id: string | undefined): string {
  return id === undefined ? 'this machine’s choice' : (models.find(model => model.id === id)?.title ?? id)
}
