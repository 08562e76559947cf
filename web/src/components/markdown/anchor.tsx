import { use, type MouseEvent, type ReactNode } from 'react'
import { navigate } from 'wouter/use-browser-location'
import { addressOf } from '../../state/markdown/addresses.ts'
import { Attachment } from './attachment.tsx'
import { MessageId } from './message-id.ts'

/** A link of a message: into the page, to a file of ours, or away, from where nothing can reach back. */
export function Anchor({
  href,
  children,
  ...rest
}: {
  href?: string | undefined
  children?: ReactNode
  id?: string | undefined
  title?: string | undefined
  'aria-label'?: string | undefined
}) {
  const message = use(MessageId)
  const address = addressOf(href ?? '')
  switch (address?.to) {
    case undefined:
      return children
    case 'file':
      return <Attachment file={address}>{children}</Attachment>
    case 'room':
      return (
        <a {...rest} href={address.path} onClick={event => stay(event, () => navigate(address.path))}>
          {children}
        </a>
      )
    case 'note': {
      const to = address.id + message
      const id = rest.id === undefined ? undefined : rest.id + message
      return (
        <a {...rest} id={id} href={`#${to}`} onClick={event => stay(event, () => show(to))}>
          {children}
        </a>
      )
    }
    case 'away':
      return (
        <a {...rest} href={address.url} target="_blank" rel="noopener noreferrer nofollow">
          {children}
        </a>
      )
  }
}

function stay(event: MouseEvent, go: () => void): void {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return
  event.preventDefault()
  go()
}

/** A footnote and its place in the text; the address stays the room's. */
function show(id: string): void {
  const place = document.getElementById(id)
  place?.scrollIntoView({ block: 'nearest' })
  const link = place instanceof HTMLAnchorElement ? place : place?.querySelector('a')
  link?.focus({ preventScroll: true })
}
