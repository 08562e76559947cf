import { memo, useState, type ReactNode } from 'react'
import { authorOf, offersOf, type Row } from '../../state/room/rows.ts'
import type { Edit } from '../../state/room/editing.ts'
import type { RoomView, Viewer } from '../../state/room/view.ts'
import { Avatar } from '../controls/avatar.tsx'
import { MessageBody } from '../markdown/message-body.tsx'
import { EditBox } from './edit-box.tsx'
import { EndedNote } from './ended-note.tsx'
import { LiveState } from './live-state.tsx'
import { MessageActions } from './message-actions.tsx'
import { PendingState } from './pending-state.tsx'
import './row.css'

export interface RowProps {
  readonly row: Row
  readonly index: number
  /** Its place in the whole room, and how many there are, for screen readers. */
  readonly place: number
  readonly count: number
  readonly grouped: boolean
  readonly isFirstUnread: boolean
  readonly isLast: boolean
  /** Changes when somebody is brought here, which is shown for a moment. */
  readonly target: number | undefined
  readonly view: RoomView
  readonly viewer: Viewer
  readonly voice: string | undefined
  readonly edit: Edit | undefined
}

/** One row of the list. A message and the answer that it was before are the same component, so that nothing flickers. */
export const TimelineRow = memo(function TimelineRow(props: RowProps) {
  const { row, viewer, isFirstUnread, grouped, target } = props
  const [isHovered, setIsHovered] = useState(false)
  const [isFocused, setIsFocused] = useState(false)
  const author = authorOf(row, viewer.name)
  const isAgent = author !== null && viewer.agents.includes(author)
  const kind = author === null ? 'narrative' : isAgent ? 'agent' : author === viewer.name ? 'own' : 'person'
  return (
    <div className="timeline-item" data-grouped={grouped}>
      {isFirstUnread && (
        <p className="unread-line">
          <span>New</span>
        </p>
      )}
      <article
        className="message"
        data-kind={kind}
        data-row={props.index}
        // Another name of the animation begins it anew; the row stays, with what is typed in it.
        data-target={target === undefined ? undefined : target % 2 === 0 ? 'even' : 'odd'}
        data-state={row.type}
        tabIndex={-1}
        aria-posinset={props.place + 1}
        aria-setsize={props.count}
        aria-label={author === null ? 'Narration' : author}
        aria-busy={row.type === 'live'}
        onPointerEnter={() => setIsHovered(true)}
        onPointerLeave={() => setIsHovered(false)}
        onFocus={() => setIsFocused(true)}
        onBlur={({ currentTarget, relatedTarget }) => {
          if (!currentTarget.contains(relatedTarget)) setIsFocused(false)
        }}
      >
        {author !== null && !grouped && (
          <header className="message-head">
            <Avatar name={author} agent={isAgent} />
            <span className="message-author">{author}</span>
          </header>
        )}
        <div className="message-said">{bodyOf(props)}</div>
        {row.type === 'message' && props.edit === undefined && (
          <MessageActions {...props} message={row.message} isHot={isHovered || isFocused} />
        )}
      </article>
    </div>
  )
})

/** The text in the same place whatever the row is: an answer that ends is not drawn anew. */
function bodyOf(props: RowProps): ReactNode {
  return (
    <>
      {textOf(props)}
      {stateOf(props)}
    </>
  )
}

function textOf({ row, view, viewer, isLast, edit }: RowProps): ReactNode {
  switch (row.type) {
    case 'message': {
      const { message } = row
      return edit !== undefined && offersOf(message, viewer, isLast).edit ? (
        <EditBox message={message} edit={edit} view={view} />
      ) : (
        <MessageBody text={message.text} />
      )
    }
    case 'live':
      return row.live.text === '' ? null : <MessageBody text={row.live.text} growing />
    case 'pending':
      return <MessageBody text={row.pending.text} />
    case 'ended':
      return null
  }
}

function stateOf({ row, view, viewer, isLast }: RowProps): ReactNode {
  switch (row.type) {
    case 'message':
      return null
    case 'live':
      return <LiveState live={row.live} view={view} mayStop={viewer.role !== 'reader'} />
    case 'pending':
      return <PendingState pending={row.pending} view={view} />
    case 'ended':
      return <EndedNote ended={row.ended} view={view} mayPoke={viewer.role !== 'reader' && isLast} />
  }
}
