import { useEffect, useRef } from 'react'
import type { Me } from '../../../../services/backend/protocol.ts'
import type { Entry } from '../../state/search/entries.ts'
import { snippetParts } from '../../state/search/found.ts'
import { keyInWords, shortcuts, type Shortcut } from '../../state/keys/shortcuts.ts'
import { pages } from '../../state/shell/places.ts'
import { roomName } from '../../state/shell/rooms.ts'
import { Icon, type IconName } from '../controls/icon.tsx'

/** A line of the search's list. The focus stays in the field, so it is no button. */
export function EntryLine({
  id,
  entry,
  me,
  selected,
  onTake,
}: {
  id: string
  entry: Entry
  me: Me
  selected: boolean
  onTake: () => void
}) {
  const line = useRef<HTMLDivElement>(null)
  useEffect(() => {
    if (selected) line.current?.scrollIntoView({ block: 'nearest' })
  }, [selected])
  return (
    <div
      ref={line}
      id={id}
      className="search-entry"
      role="option"
      aria-selected={selected}
      onPointerDown={event => event.preventDefault()}
      onClick={onTake}
    >
      {entry.type === 'message' ? <Message entry={entry} me={me} /> : <Place entry={entry} />}
    </div>
  )
}

function Message({ entry: { found }, me }: { entry: Extract<Entry, { type: 'message' }>; me: Me }) {
  return (
    <>
      <span className="search-from">
        <b>{found.author ?? 'Narrative'}</b> in {roomName(found.room, me.name)}
      </span>
      <span className="search-snippet">
        {snippetParts(found.snippet).map(({ text, marked }, at) =>
          // Pieces have no name but their place.
          // oxlint-disable-next-line react/no-array-index-key
          marked ? <mark key={at}>{text}</mark> : text,
        )}
      </span>
    </>
  )
}

function Place({ entry }: { entry: Exclude<Entry, { type: 'message' }> }) {
  const shortcut: Shortcut | undefined = entry.type === 'action' ? shortcuts[entry.shortcut] : undefined
  return (
    <span className="search-place">
      <Icon name={iconOf(entry)} />
      <span>{entry.name}</span>
      {shortcut !== undefined && <kbd>{keyInWords(shortcut.keys[0] ?? '')}</kbd>}
    </span>
  )
}

function iconOf(entry: Exclude<Entry, { type: 'message' }>): IconName {
  if (entry.type === 'room') return 'room'
  if (entry.type === 'action') return entry.does === 'newRoom' ? 'plus' : 'keyboard'
  return pages.find(({ path }) => path === entry.path)?.icon ?? 'file'
}
