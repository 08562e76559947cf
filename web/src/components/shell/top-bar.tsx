import { Link } from 'wouter'
import { Icon } from '../controls/icon.tsx'
import { Mark } from '../controls/mark.tsx'
import { openDialog } from '../../state/shell/dialogs.ts'

/** On narrow windows, above all that is no room. */
export function TopBar() {
  return (
    <header className="top-bar">
      <SidebarButton />
      <Link className="wordmark" href="/">
        <Mark />
        Courante
      </Link>
    </header>
  )
}

export function SidebarButton() {
  return (
    <button
      className="icon-button"
      type="button"
      aria-label="Rooms and pages"
      onClick={() => openDialog({ type: 'sidebar' })}
    >
      <Icon name="menu" />
    </button>
  )
}
