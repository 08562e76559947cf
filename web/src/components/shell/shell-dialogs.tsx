import { lazy, Suspense } from 'react'
import type { Me } from '../../../../services/backend/protocol.ts'
import { closeDialog, shellDialog } from '../../state/shell/dialogs.ts'
import { Icon } from '../controls/icon.tsx'
import { Modal } from '../controls/modal.tsx'
import { useStore } from '../controls/use-store.ts'
import { SearchDialog } from '../search/search-dialog.tsx'
import { NewRoom } from './new-room.tsx'
import { Sidebar } from './sidebar.tsx'

// What is typed into at once is there at once; the others come when they are opened.
const Shortcuts = lazy(() => import('./shortcuts.tsx').then(({ Shortcuts }) => ({ default: Shortcuts })))
const RoomSettings = lazy(() =>
  import('./room-settings.tsx').then(({ RoomSettings }) => ({ default: RoomSettings })),
)

export function ShellDialogs({ me, room }: { me: Me; room: string | undefined }) {
  const dialog = useStore(shellDialog)
  if (dialog.type === 'sidebar') return <Drawer me={me} room={room} />
  return (
    <Suspense>
      {dialog.type === 'search' && <SearchDialog me={me} room={room} inRoom={dialog.room !== undefined} />}
      {dialog.type === 'newRoom' && <NewRoom me={me} />}
      {dialog.type === 'shortcuts' && <Shortcuts />}
      {dialog.type === 'roomSettings' && <RoomSettings me={me} id={dialog.room} />}
    </Suspense>
  )
}

/** The sidebar where there is no room for it. */
function Drawer({ me, room }: { me: Me; room: string | undefined }) {
  return (
    <Modal className="drawer" aria-label="Rooms and pages" onClose={closeDialog}>
      <Sidebar
        me={me}
        room={room}
        corner={
          <button className="icon-button" type="button" aria-label="Close" onClick={closeDialog}>
            <Icon name="close" />
          </button>
        }
      />
    </Modal>
  )
}
