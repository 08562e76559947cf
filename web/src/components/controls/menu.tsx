import { useId, useRef, type KeyboardEvent, type ReactNode } from 'react'

/**
 * A button and the menu that it opens: a popover of the browser, which closes on Escape and on a press elsewhere and stands
 * below its button, or wherever there is room. Arrows, Home and End move in it. Its children are `MenuItem`s.
 */
export function Menu({
  label,
  button,
  className = 'icon-button',
  children,
}: {
  label: string
  button: ReactNode
  className?: string
  children: ReactNode
}) {
  const id = useId()
  const box = useRef<HTMLDivElement>(null)
  return (
    <>
      <button
        className={className}
        type="button"
        aria-label={label}
        aria-haspopup="menu"
        popoverTarget={id}
        onClick={event => {
          // At once, and not at the `toggle` that comes a moment later: the next key may be on its way.
          event.preventDefault()
          const isOpen = box.current?.togglePopover({ source: event.currentTarget })
          if (isOpen === true) itemsOf(box.current)[0]?.focus()
        }}
      >
        {button}
      </button>
      <div
        ref={box}
        id={id}
        className="menu"
        role="menu"
        aria-label={label}
        popover="auto"
        onKeyDown={event => move(event, box.current)}
        onClick={event => {
          if (!(event.target instanceof Element) || event.target.closest('[role^=menuitem]') === null) return
          box.current?.hidePopover()
        }}
      >
        {children}
      </div>
    </>
  )
}

export function MenuItem({
  onSelect,
  children,
  danger = false,
  checked,
  disabled = false,
}: {
  onSelect: () => void
  children: ReactNode
  danger?: boolean
  /** Given: one of several, of which one holds. */
  checked?: boolean
  disabled?: boolean
}) {
  return (
    <button
      className={danger ? 'menu-item danger' : 'menu-item'}
      type="button"
      role={checked === undefined ? 'menuitem' : 'menuitemradio'}
      aria-checked={checked}
      disabled={disabled}
      tabIndex={-1}
      onClick={onSelect}
    >
      {children}
    </button>
  )
}

function move(event: KeyboardEvent, menu: HTMLElement | null): void {
  const items = itemsOf(menu)
  const at = items.findIndex(item => item === document.activeElement)
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 }[event.key]
  if (event.key === 'Tab') menu?.hidePopover()
  if (to === undefined || items.length === 0) return
  event.preventDefault()
  items[(to + items.length) % items.length]?.focus()
}

function itemsOf(menu: HTMLElement | null): HTMLElement[] {
  return [...(menu?.querySelectorAll<HTMLElement>('[role^=menuitem]:not(:disabled)') ?? [])]
}
