import { useId, type ReactNode } from 'react'

/** A button and a small panel of controls below it: a popover of the browser, which closes on Escape and on a press elsewhere. */
export function Popover({
  label,
  button,
  className,
  children,
}: {
  label: string
  button: ReactNode
  className: string
  children: ReactNode
}) {
  const id = useId()
  return (
    <>
      <button className={className} type="button" aria-label={label} popoverTarget={id}>
        {button}
      </button>
      <div id={id} className="menu popover" role="group" aria-label={label} popover="auto">
        {children}
      </div>
    </>
  )
}
