import type { Pending, RoomView } from '../../state/room/view.ts'
import { ProblemNote } from '../controls/problem.tsx'

/** Below a message of ours that is not in the room yet. Sending is quiet, unless it takes long. */
export function PendingState({ pending, view }: { pending: Pending; view: RoomView }) {
  const { key, state, problem } = pending
  if (state === 'sending') return <p className="pending-word">Sending</p>
  return (
    <div className="pending-failed">
      <ProblemNote problem={problem} />
      <div className="row">
        <button className="button" type="button" onClick={() => view.retry(key)}>
          Send again
        </button>
        <button className="button quiet" type="button" onClick={() => view.discard(key)}>
          Discard
        </button>
      </div>
    </div>
  )
}
