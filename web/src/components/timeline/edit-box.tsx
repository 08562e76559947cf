import { useEffect, useRef, useState } from 'react'
import type { ApiProblem, Message } from '../../../../services/chat/protocol.ts'
import { problemOf } from '../../state/api.ts'
import type { RoomView } from '../../state/room/view.ts'
import { refusalInWords } from '../../state/room/words.ts'
import { ProblemNote } from '../controls/problem.tsx'

/** Another text for a message, where it stands. What was typed stays until it is saved or given up. */
export function EditBox({
  message,
  view,
  onClose,
}: {
  message: Message
  view: RoomView
  onClose: () => void
}) {
  /** What is to be replaced. After a conflict it is what stands there by then: who saves again has seen it. */
  const [old, setOld] = useState(message)
  const [text, setText] = useState(message.text)
  const [state, setState] = useState<{ busy: boolean; problem?: ApiProblem }>({ busy: false })
  const field = useRef<HTMLTextAreaElement>(null)
  useEffect(() => {
    const { current } = field
    current?.focus({ preventScroll: true })
    current?.setSelectionRange(current.value.length, current.value.length)
  }, [])
  const save = async (): Promise<void> => {
    if (text.trim() === '' || state.busy) return
    if (text === old.text) return onClose()
    setState({ busy: true })
    try {
      await view.edit(old, text)
      onClose()
    } catch (error) {
      setState({ busy: false, problem: problemOf(error) })
      setOld(message)
    }
  }
  return (
    <form
      className="edit-box"
      onSubmit={event => {
        event.preventDefault()
        void save()
      }}
    >
      <textarea
        ref={field}
        className="input"
        aria-label="Text of the message"
        value={text}
        onChange={({ target }) => setText(target.value)}
        onKeyDown={event => {
          event.stopPropagation()
          if (event.key === 'Escape') onClose()
          // Also Enter that ends the composition of a character.
          if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return
          event.preventDefault()
          void save()
        }}
      />
      <ProblemNote problem={state.problem && refusalInWords(state.problem)} />
      {state.problem?.code === 'conflict' && <blockquote className="edit-other">{message.text}</blockquote>}
      <div className="row">
        <button className="button primary" type="submit" disabled={state.busy || text.trim() === ''}>
          Save
        </button>
        <button className="button quiet" type="button" onClick={onClose}>
          Cancel
        </button>
        <span className="edit-hint">
          <kbd>Enter</kbd> saves, <kbd>Shift</kbd> <kbd>Enter</kbd> begins a line, <kbd>Esc</kbd> cancels
        </span>
      </div>
    </form>
  )
}
