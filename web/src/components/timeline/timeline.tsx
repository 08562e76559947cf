import { useQuery } from '@tanstack/react-query'
import { useEffect, useMemo, useRef, useState, type ReactNode } from 'react'
import { Virtuoso, type Components, type VirtuosoHandle } from 'react-virtuoso'
import { editRequest } from '../../state/composer/requests.ts'
import { agentsQuery } from '../../state/queries.ts'
import { isGrouped, rowAt, rowCount, rowKey } from '../../state/room/rows.ts'
import type { RoomState, RoomView, Viewer } from '../../state/room/view.ts'
import { closedInWords, newInWords } from '../../state/room/words.ts'
import { Icon } from '../controls/icon.tsx'
import { useStore } from '../controls/use-store.ts'
import { Announcer } from './announcer.tsx'
import { ClosedRoom, EmptyRoom, LostLine } from './notices.tsx'
import { TimelineRow } from './row.tsx'
import { useFollowing } from './use-following.ts'
import { useMessageKeys } from './use-message-keys.ts'
import './timeline.css'

/** So many rows before an end more are loaded. */
const ahead = 25
/** What is on the way into a list that has just been opened should be there by then. */
const settlingMs = 3000

/** The messages of a room, and what is being written; stays at the end only for who is there. */
export function Timeline({ view, viewer }: { view: RoomView; viewer: Viewer }) {
  const state = useStore(view.store)
  const closed = closedInWords(state)
  const count = rowCount(state)
  return (
    <section className="timeline" aria-label="Messages">
      <LostLine connection={state.connection} />
      {closed !== undefined ? (
        <ClosedRoom words={closed} />
      ) : state.window === 0 ? (
        <Opening />
      ) : count === 0 ? (
        <EmptyRoom viewer={viewer} />
      ) : (
        <List key={state.window} view={view} viewer={viewer} state={state} />
      )}
      <Announcer view={view} me={viewer.name} />
    </section>
  )
}

function Opening() {
  return (
    <p className="timeline-edge late" role="status">
      Opening the room
    </p>
  )
}

/** One window of messages. Another window is another list, which begins where that one is to be read. */
function List({ view, viewer, state }: { view: RoomView; viewer: Viewer; state: RoomState }) {
  const list = useRef<VirtuosoHandle>(null)
  const { data: listed } = useQuery(agentsQuery)
  const edits = useStore(view.editing.store)
  const first = state.messages[0]?.id ?? state.count
  const count = rowCount(state)
  const [beginning] = useState(() => beginningOf(state, first))
  const following = useFollowing({ view, isFollowing: beginning === 'end', state })
  const keys = useMessageKeys({ list, view, viewer, scroller: following.scroller })
  const aim = useTarget(list, state, first, beginning !== 'end', following.leave)
  useOwnWord(state, following.follow)

  useEffect(
    () =>
      editRequest.subscribe(() => {
        const request = editRequest.get()
        if (request === undefined) return
        editRequest.dispatch(undefined)
        const message = rowAt(view.store.get(), request.id - first)
        if (message?.type !== 'message') return
        view.editing.open(message.message)
        list.current?.scrollIntoView({ index: request.id - first })
      }),
    [view, first],
  )

  const voices = useMemo(
    () => new Map(listed?.agents.map(({ name, voice }) => [name, voice])),
    [listed?.agents],
  )
  const item = (index: number): ReactNode => {
    const at = index - first
    const row = rowAt(state, at)
    // Virtuoso asks once for rows that have just gone. Nothing at all would be an item without height, which it complains of.
    if (row === undefined) return <div className="timeline-item" />
    const id = row.type === 'message' ? row.message.id : undefined
    const author = row.type === 'message' ? row.message.author : null
    return (
      <TimelineRow
        row={row}
        index={at}
        place={index}
        count={Math.max(state.count, first + count)}
        grouped={isGrouped(row, rowAt(state, at - 1), viewer.name) && id !== state.firstUnread}
        isFirstUnread={id !== undefined && id === state.firstUnread}
        isLast={at === count - 1}
        target={
          id !== undefined && id === state.target?.id && state.target.quiet !== true
            ? state.target.nonce
            : undefined
        }
        view={view}
        viewer={viewer}
        voice={author === null ? undefined : voices.get(author)}
        edit={id === undefined ? undefined : edits.get(id)}
      />
    )
  }

  return (
    <div className="timeline-list" onKeyDown={keys}>
      <Virtuoso<unknown, ListContext>
        ref={list}
        scrollerRef={following.setScroller}
        className="timeline-scroller"
        role="group"
        aria-label="Messages, from one to the next with arrows"
        tabIndex={0}
        totalCount={count}
        firstItemIndex={first}
        initialTopMostItemIndex={
          beginning === 'end' ? { index: 'LAST', align: 'end' } : { index: beginning, align: 'center' }
        }
        computeItemKey={index => {
          const row = rowAt(state, index - first)
          return row === undefined ? index : rowKey(state, row)
        }}
        increaseViewportBy={{ top: 600, bottom: 300 }}
        rangeChanged={({ startIndex, endIndex }) => {
          following.range(startIndex - first, endIndex - first)
          if (startIndex - first < ahead) view.loadOlder()
          if (endIndex - first > count - ahead) view.loadNewer()
        }}
        totalListHeightChanged={() => {
          // Pictures and diagrams above come late: who was brought to a message stays there, unless they moved on.
          const { id, since } = aim.current
          if (id !== undefined && performance.now() - since < settlingMs && !following.movedSince(since))
            list.current?.scrollToIndex({ index: id - first, align: 'center' })
          else following.grown()
        }}
        itemContent={item}
        components={parts}
        context={{
          isBeginning: first === 0,
          isBusy: state.loading.older || state.loading.newer,
          atEnd: state.atEnd,
        }}
      />
      {following.isAway && (
        <button className="to-end" type="button" onClick={() => following.toEnd()}>
          {following.unseen > 0 ? newInWords(following.unseen) : 'To the end'}
          <Icon name="down" />
        </button>
      )}
    </div>
  )
}

interface ListContext {
  readonly isBeginning: boolean
  readonly isBusy: boolean
  readonly atEnd: boolean
}

/** The same height whatever it says, so that nothing moves when the rest is there. */
const parts: Components<unknown, ListContext> = {
  List: ({ context, ...props }) => (
    <div {...props} ref={props.ref} role="feed" aria-label="Messages" aria-busy={context.isBusy} />
  ),
  Header: ({ context }) => (
    <p className="timeline-edge">
      {context.isBeginning ? 'The room begins here' : 'Loading earlier messages'}
    </p>
  ),
  Footer: ({ context }) =>
    context.atEnd ? (
      <div className="timeline-foot" />
    ) : (
      <p className="timeline-edge">Loading later messages</p>
    ),
}

/** Where a new list is to be read: its end, or a row of it. */
function beginningOf({ target, messages, atEnd }: RoomState, first: number): 'end' | number {
  if (target !== undefined) return Math.min(Math.max(target.id - first, 0), messages.length - 1)
  return atEnd ? 'end' : 0
}

/** What one says oneself is to be seen: the list goes to its end, wherever one was reading. */
function useOwnWord({ pending }: RoomState, goThere: () => void): void {
  const newest = pending.at(-1)?.key
  const known = useRef(newest)
  useEffect(() => {
    if (newest === known.current) return
    known.current = newest
    if (newest !== undefined) goThere()
  }, [newest, goThere])
}

/** Goes where `goTo` points, once for each time. Where that was, and when. */
function useTarget(
  list: React.RefObject<VirtuosoHandle | null>,
  { target }: RoomState,
  first: number,
  isThere: boolean,
  leave: () => void,
): React.RefObject<{ id: number | undefined; since: number }> {
  const seen = useRef(isThere ? target?.nonce : undefined)
  const aim = useRef<{ id: number | undefined; nonce: number | undefined; since: number }>({
    id: undefined,
    nonce: undefined,
    since: 0,
  })
  useEffect(() => {
    if (target === undefined || target.quiet === true || aim.current.nonce === target.nonce) return
    aim.current = { id: target.id, nonce: target.nonce, since: performance.now() }
  }, [target])
  useEffect(() => {
    if (target === undefined || seen.current === target.nonce) return
    seen.current = target.nonce
    leave()
    list.current?.scrollToIndex({ index: target.id - first, align: 'center' })
  }, [target, list, first, leave])
  return aim
}
