import { useLayoutEffect, useRef, type ReactNode } from 'react'

/**
 * A modal dialog for as long as it is rendered, without any look: the browser's own, which keeps the focus inside, gives it
 * back afterwards and closes on Escape or a press beside it; by the latter only while nothing was written in a form in it.
 * `onClose` has to take it away; with `busy` it isn't asked to.
 * The focus goes to what has `data-first`, else to the first control of `.dialog-body`.
 */
export function Modal({
  className,
  onClose,
  children,
  busy = false,
  ...named
}: {
  className: string
  onClose: () => void
  children: ReactNode
  busy?: boolean
} & ({ 'aria-label': string } | { 'aria-labelledby': string })) {
  const box = useRef<HTMLDialogElement>(null)
  const isChanged = useRef(false)
  // Not useEffect: once the element is out of the document, closing it gives no focus back.
  useLayoutEffect(() => {
    const dialog = box.current
    show(dialog)
    return () => dialog?.close()
  }, [])
  return (
    <dialog
      {...named}
      ref={box}
      className={className}
      onCancel={event => {
        // Also bubbles here from a file input that was cancelled.
        if (event.target !== box.current) return
        event.preventDefault()
        if (!busy) onClose()
      }}
      onClose={event => {
        // The browser has closed it: of two keys in a row Chromium tells only the first before. Not when it goes by itself.
        if (event.target !== box.current || box.current.open) return
        if (busy) show(box.current)
        else onClose()
      }}
      onInput={event => {
        if (event.target instanceof Element && event.target.closest('form') !== null) isChanged.current = true
      }}
      onPointerDown={event => {
        if (event.target !== box.current || !isOutside(event, box.current)) return
        if (!busy && !isChanged.current) onClose()
      }}
    >
      {children}
    </dialog>
  )
}

function show(dialog: HTMLDialogElement | null): void {
  dialog?.showModal()
  const first =
    dialog?.querySelector<HTMLElement>('[data-first]') ?? dialog?.querySelector<HTMLElement>(inBody)
  first?.focus()
}

const inBody = ['a[href]', 'button', 'input', 'select', 'textarea', '[tabindex="0"]']
  .map(control => `.dialog-body ${control}:not(:disabled)`)
  .join(', ')

/** On the backdrop, which belongs to the dialog as far as events go. */
function isOutside({ clientX, clientY }: { clientX: number; clientY: number }, box: Element): boolean {
  const { left, right, top, bottom } = box.getBoundingClientRect()
  return clientX < left || clientX > right || clientY < top || clientY > bottom
}
