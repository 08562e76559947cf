import type { EndedReply, RoomView } from '../../state/room/view.ts'
import { endInWords } from '../../state/room/words.ts'
import { sentence } from '../controls/problem.tsx'
import { useAttempt } from './use-attempt.ts'

/** How an answer ended that did not end by itself, and another try. */
export function EndedNote({ ended, view, mayPoke }: { ended: EndedReply; view: RoomView; mayPoke: boolean }) {
  const attempt = useAttempt()
  const { agent, how, problem } = ended
  return (
    <div className="ended" data-how={how}>
      <p>
        <span className="ended-what">{sentence(endInWords(ended))}</span>{' '}
        {problem?.detail !== undefined && sentence(problem.detail)}
      </p>
      {mayPoke && (
        <button className="button" type="button" onClick={() => attempt(view.poke(agent))}>
          Try again
        </button>
      )}
    </div>
  )
}
