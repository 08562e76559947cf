import { useSyncExternalStore } from 'react'
import { problemOf } from '../../state/api.ts'
import type { RoomView } from '../../state/room/view.ts'
import { toast } from '../../state/toasts.ts'
import { Icon } from '../controls/icon.tsx'
import { sentence } from '../controls/problem.tsx'

/** Stops whatever is being answered in the room; not there while nothing is. */
export function StopButton({ view }: { view: RoomView }) {
  // Only whether: the answers themselves change with each word.
  const isAnswering = useSyncExternalStore(view.store.subscribe, () => view.store.get().replies.length > 0)
  if (!isAnswering) return null
  return (
    <button className="composer-stop" type="button" aria-label="Stop answering" onClick={() => stopAll(view)}>
      <Icon name="stop" />
    </button>
  )
}

function stopAll(view: RoomView): void {
  for (const { reply } of view.store.get().replies)
    view.stop(reply).catch((error: unknown) => toast(sentence(problemOf(error).title), 'bad'))
}
