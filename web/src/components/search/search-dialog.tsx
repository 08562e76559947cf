import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useEffect, useId, useState, type KeyboardEvent } from 'react'
import { useLocation } from 'wouter'
import type { Found, Me } from '../../../../services/backend/protocol.ts'
import { call } from '../../state/api.ts'
import { roomsQuery } from '../../state/queries.ts'
import { searchGroups, type Entry } from '../../state/search/entries.ts'
import { searchPath } from '../../state/search/found.ts'
import { listKey } from '../../state/search/list-key.ts'
import { closeDialog, openDialog } from '../../state/shell/dialogs.ts'
import { roomName } from '../../state/shell/rooms.ts'
import { Icon } from '../controls/icon.tsx'
import { Modal } from '../controls/modal.tsx'
import { EntryLine } from './entry-line.tsx'
import './search-dialog.css'

/** Messages, rooms, pages and what can be done, in one list that grows as one types. */
export function SearchDialog({ me, room, inRoom }: { me: Me; room: string | undefined; inRoom: boolean }) {
  const [, navigate] = useLocation()
  const [words, setWords] = useState('')
  const [within, setWithin] = useState(inRoom && room !== undefined)
  const [at, setAt] = useState(0)
  const { data: rooms = [] } = useQuery(roomsQuery)
  const wanted = searchPath(words, within ? room : undefined)
  const path = useLate(wanted)
  const {
    data: found = [],
    isFetching,
    error,
  } = useQuery({
    queryKey: ['search', path],
    queryFn: async ({ signal }): Promise<Found[]> =>
      (await call<{ found: Found[] }>('GET', path ?? '', { signal })).found,
    enabled: path !== undefined,
    placeholderData: keepPreviousData,
    staleTime: 0,
    retry: false,
  })
  const groups = searchGroups(words, { me, rooms, found: words.trim() === '' ? [] : found, within })
  const entries = groups.flatMap(({ entries }) => entries)
  const chosen = entries[Math.min(at, entries.length - 1)]
  const id = useId()

  const take = (entry: Entry): void => {
    closeDialog()
    if (entry.type !== 'action') navigate(entry.href)
    else openDialog({ type: entry.does === 'newRoom' ? 'newRoom' : 'shortcuts' })
  }
  const onKeyDown = (event: KeyboardEvent): void => {
    const { key, ctrlKey, metaKey, keyCode, nativeEvent } = event
    const { isComposing } = nativeEvent
    const does = listKey({ key, ctrlKey, metaKey, keyCode, isComposing }, at, entries.length)
    if (does === undefined) return
    event.preventDefault()
    if (does === 'take' && chosen !== undefined) take(chosen)
    else if (typeof does === 'number') setAt(does)
  }
  return (
    <Modal className="dialog search-dialog" aria-label="Search" onClose={closeDialog}>
      <div className="search-field">
        <Icon name="search" />
        <input
          data-first
          type="text"
          role="combobox"
          aria-label={within ? 'Search in this room' : 'Search messages, rooms and pages'}
          aria-expanded={entries.length > 0}
          aria-controls={id}
          aria-activedescendant={chosen === undefined ? undefined : `${id}-${entries.indexOf(chosen)}`}
          aria-autocomplete="list"
          placeholder={within ? 'Search in this room' : 'Search messages, rooms and pages'}
          autoComplete="off"
          spellCheck={false}
          value={words}
          onKeyDown={onKeyDown}
          onChange={event => {
            setWords(event.target.value)
            setAt(0)
          }}
        />
        <button className="icon-button" type="button" aria-label="Close" onClick={closeDialog}>
          <Icon name="close" />
        </button>
      </div>
      {room !== undefined && (
        <div className="search-where" role="radiogroup" aria-label="Where">
          <Where label="Everywhere" checked={!within} choose={() => setWithin(false)} />
          <Where label={`In ${roomName(room, me.name)}`} checked={within} choose={() => setWithin(true)} />
        </div>
      )}
      <div id={id} className="search-list" role="listbox" aria-label="Results">
        {groups.map(({ heading, entries: lines }) => (
          <div key={heading} role="group" aria-labelledby={`${id}-${heading}`}>
            <div className="search-heading" id={`${id}-${heading}`} role="presentation">
              {heading}
            </div>
            {lines.map(entry => (
              <EntryLine
                key={keyOf(entry)}
                id={`${id}-${entries.indexOf(entry)}`}
                entry={entry}
                me={me}
                selected={entry === chosen}
                onTake={() => take(entry)}
              />
            ))}
          </div>
        ))}
      </div>
      <p className="search-state" role="status">
        {stateInWords({
          words,
          count: entries.length,
          busy: isFetching || wanted !== path,
          failed: error !== null,
          within,
        })}
      </p>
    </Modal>
  )
}

function Where({ label, checked, choose }: { label: string; checked: boolean; choose: () => void }) {
  return (
    <label className="where">
      <input type="radio" name="where" checked={checked} onChange={choose} />
      {label}
    </label>
  )
}

const pauseMs = 120

/** The value as it was when it had not changed for a moment. */
function useLate<V>(value: V): V {
  const [late, setLate] = useState(value)
  useEffect(() => {
    const timer = setTimeout(() => setLate(value), pauseMs)
    return () => clearTimeout(timer)
  }, [value])
  return late
}

function keyOf(entry: Entry): string {
  return entry.type === 'message' ? `${entry.found.room} ${entry.found.id}` : `${entry.type} ${entry.name}`
}

function stateInWords(now: {
  words: string
  count: number
  busy: boolean
  failed: boolean
  within: boolean
}): string {
  if (now.failed) return 'The server doesn’t answer this search. Type on to try again.'
  if (now.words.trim() === '')
    return now.within ? 'Words, or their beginnings.' : 'Type words of a message, or the name of a room.'
  if (now.count === 0) return now.busy ? 'Searching' : 'Nothing has all of these words.'
  return ''
}
