import { useEffect, useId, useRef, type ReactNode } from 'react'
import { Icon } from './icon.tsx'

/**
 * A modal dialog for as long as it is rendered: the browser's own, which keeps the focus inside, gives it back afterwards
 * and closes on Escape. `onClose` has to take it away. With `busy` Escape and the cross do nothing.
 */
export function Dialog({
  title,
  onClose,
  children,
  wide = false,
  busy = false,
}: {
  title: string
  onClose: () => void
  children: ReactNode
  wide?: boolean
  busy?: boolean
}) {
  const box = useRef<HTMLDialogElement>(null)
  const heading = useId()
  useEffect(() => {
    const dialog = box.current
    dialog?.showModal()
    return () => dialog?.close()
  }, [])
  return (
    <dialog
      ref={box}
      className={wide ? 'dialog wide' : 'dialog'}
      aria-labelledby={heading}
      onCancel={event => {
        // Also bubbles here from a file input that was cancelled.
        if (event.target !== box.current) return
        event.preventDefault()
        if (!busy) onClose()
      }}
      onPointerDown={event => {
        if (event.target === box.current && isOutside(event, box.current) && !busy) onClose()
      }}
    >
      <header className="dialog-head">
        <h2 id={heading}>{title}</h2>
        <button className="icon-button" type="button" aria-label="Close" disabled={busy} onClick={onClose}>
          <Icon name="close" />
        </button>
      </header>
      <div className="dialog-body">{children}</div>
    </dialog>
  )
}

/** On the backdrop, which belongs to the dialog as far as events go. */
function isOutside({ clientX, clientY }: { clientX: number; clientY: number }, box: Element): boolean {
  const { left, right, top, bottom } = box.getBoundingClientRect()
  return clientX < left || clientX > right || clientY < top || clientY > bottom
}
