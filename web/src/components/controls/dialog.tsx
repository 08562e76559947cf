import { useId, type ReactNode } from 'react'
import { Icon } from './icon.tsx'
import { Modal } from './modal.tsx'

/** A modal dialog with a title and a cross, for as long as it is rendered. `onClose` has to take it away. */
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
  const heading = useId()
  return (
    <Modal
      className={wide ? 'dialog wide' : 'dialog'}
      aria-labelledby={heading}
      onClose={onClose}
      busy={busy}
    >
      <header className="dialog-head">
        <h2 id={heading}>{title}</h2>
        <button className="icon-button" type="button" aria-label="Close" disabled={busy} onClick={onClose}>
          <Icon name="close" />
        </button>
      </header>
      <div className="dialog-body">{children}</div>
    </Modal>
  )
}
