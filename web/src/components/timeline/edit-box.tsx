import { useEffect, useRef } from 'react'
import type { Message } from '../../../../services/chat/protocol.ts'
import { fieldAction } from '../../state/composer/field-keys.ts'
import type { Edit } from '../../state/room/editing.ts'
import type { RoomView } from '../../state/room/view.ts'
import { refusalInWords } from '../../state/room/words.ts'
import { ProblemNote } from '../controls/problem.tsx'

/** Another text for a message, where it stands. What was typed stays until it is saved or given up. */
export function EditBox({ message, edit, view }: { message: Message; edit: Edit; view: RoomView }) {
  const { id } = message
  const { editing } = view
  const { text, isBusy, problem } = edit
  const field = useRef<HTMLTextAreaElement>(null)
  // After each rendering: who opens a box that is open already wants to write in it.
  useEffect(() => {
    const { current } = field
    if (current === null || !editing.takeFocus(id)) return
    current.focus({ preventScroll: true })
    current.setSelectionRange(current.value.length, current.value.length)
  })
  return (
    <form
      className="edit-box"
      onSubmit={event => {
        event.preventDefault()
        void editing.save(id)
      }}
    >
      <textarea
        ref={field}
        className="input"
        aria-label="Text of the message"
        value={text}
        readOnly={isBusy}
        onChange={({ target }) => editing.type(id, target.value)}
        onKeyDown={event => {
          event.stopPropagation()
          const { key, shiftKey, ctrlKey, metaKey, altKey, keyCode, nativeEvent } = event
          const { isComposing } = nativeEvent
          const action = fieldAction(
            { key, shiftKey, ctrlKey, metaKey, altKey, isComposing, keyCode },
            { isEmpty: false, offers: false, onGlass: false },
          )
          if (action === undefined) return
          event.preventDefault()
          if (action === 'leave') editing.close(id)
          else void editing.save(id)
        }}
      />
      <ProblemNote problem={problem && refusalInWords(problem)} />
      {problem?.code === 'conflict' && <blockquote className="edit-other">{message.text}</blockquote>}
      <div className="row">
        <button className="button primary" type="submit" disabled={isBusy || text.trim() === ''}>
          Save
        </button>
        <button className="button quiet" type="button" onClick={() => editing.close(id)}>
          Cancel
        </button>
        <span className="edit-hint">
          <kbd>Enter</kbd> saves, <kbd>Shift</kbd> <kbd>Enter</kbd> begins a line, <kbd>Esc</kbd> cancels
        </span>
      </div>
    </form>
  )
}
