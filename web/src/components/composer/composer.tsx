import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { ListedAgent } from '../../../../services/backend/protocol.ts'
import { drafts, type Draft } from '../../state/composer/drafts.ts'
import { roomQuery } from '../../state/queries.ts'
import type { RoomView, Viewer } from '../../state/room/view.ts'
import { closedInWords } from '../../state/room/words.ts'
import { sentence } from '../controls/problem.tsx'
import { useStore } from '../controls/use-store.ts'
import './composer.css'
import { WritingBlock } from './writing-block.tsx'

/** Where one writes: keeps a draft for each room, completes @names, takes files, listens. */
export function Composer(props: {
  room: string
  view: RoomView
  viewer: Viewer
  agents: readonly ListedAgent[]
}) {
  const { room, view, viewer } = props
  const [draft] = useState(() => drafts.of(viewer.name, room))
  const { data: info } = useQuery(roomQuery(room))
  const connection = useStore(view.store, state => state.connection)
  const problem = useStore(view.store, state => state.problem)
  const end = closedInWords({ connection, problem })
  const closed =
    end !== undefined
      ? `${sentence(end.title)} Nothing can be sent.`
      : info?.archived === true
        ? 'This room is archived. It can be read, and takes no more messages.'
        : viewer.role === 'reader'
          ? 'You may read this room, but not write in it.'
          : undefined
  return (
    <div className="composer">
      {closed === undefined ? (
        <WritingBlock {...props} draft={draft} />
      ) : (
        <div className="composer-closed">
          <p>{closed}</p>
          <KeptDraft draft={draft} />
        </div>
      )}
    </div>
  )
}

/** What was written for a room that takes nothing any more: to be read and copied. */
function KeptDraft({ draft }: { draft: Draft }) {
  const text = useStore(draft)
  if (text === '') return null
  return (
    <label className="field">
      <span className="label">What you wrote is kept here</span>
      <textarea className="input" readOnly dir="auto" rows={3} value={text} />
    </label>
  )
}
