import { useQuery } from '@tanstack/react-query'
import { lazy, Suspense, useEffect, useRef, type ReactNode } from 'react'
import { Redirect, Route, Switch, useLocation } from 'wouter'
import type { Me } from '../../../../services/backend/protocol.ts'
import { followChanges } from '../../state/changes.ts'
import { socketUrl } from '../../state/lasting-socket.ts'
import { onShortcut, listenToKeys } from '../../state/keys/listen.ts'
import { roomsQuery } from '../../state/queries.ts'
import { outboxes } from '../../state/room/outboxes.ts'
import { closeDialog, openDialog, shellDialog } from '../../state/shell/dialogs.ts'
import { documentTitle, pagesFor } from '../../state/shell/places.ts'
import {
  decoded,
  groupRooms,
  inOrder,
  neighbour,
  roomAt,
  roomHref,
  roomName,
  unreadOf,
} from '../../state/shell/rooms.ts'
import { serverHeard } from '../../state/shell/server.ts'
import { microphoneOn } from '../../state/voice/microphone-store.ts'
import { narrow, useMedia } from '../controls/use-media.ts'
import { useStore } from '../controls/use-store.ts'
import { RoomPage } from './room-page.tsx'
import { Broken } from './broken.tsx'
import { Home } from './home.tsx'
import { NotFound } from './not-found.tsx'
import { ServerBar } from './server-bar.tsx'
import { ShellDialogs } from './shell-dialogs.tsx'
import { Sidebar } from './sidebar.tsx'
import { Toasts } from './toasts.tsx'
import { TopBar } from './top-bar.tsx'
import './shell.css'

const lazyPages = {
  '/models': lazy(() =>
    import('../pages/models-page.tsx').then(({ ModelsPage }) => ({ default: ModelsPage })),
  ),
  '/system': lazy(() =>
    import('../pages/system-page.tsx').then(({ SystemPage }) => ({ default: SystemPage })),
  ),
  '/admin': lazy(() => import('../pages/admin-page.tsx').then(({ AdminPage }) => ({ default: AdminPage }))),
  '/profile': lazy(() =>
    import('../pages/profile-page.tsx').then(({ ProfilePage }) => ({ default: ProfilePage })),
  ),
  '/transcript': lazy(() =>
    import('../pages/transcript-page.tsx').then(({ TranscriptPage }) => ({ default: TranscriptPage })),
  ),
}

/** Everything around the place that one is at. */
export function Shell({ me }: { me: Me }) {
  const [location] = useLocation()
  const room = roomAt(location)
  const isNarrow = useMedia(narrow)
  const gone = !useStore(serverHeard)
  useEffect(() => {
    const life = new AbortController()
    followChanges(socketUrl('/api/changes'), life.signal, serverHeard.dispatch)
    listenToKeys(life.signal)
    return () => life.abort()
  }, [])
  useEffect(() => outboxes.enter(me.name), [me.name])
  useShellKeys(me, room)
  const main = useRef<HTMLElement>(null)
  useArrival(main, location)
  return (
    <div className="shell">
      <a
        className="skip-link button primary"
        href="#main"
        onClick={event => {
          event.preventDefault()
          main.current?.focus()
        }}
      >
        Skip to the main part
      </a>
      <Title me={me} location={location} room={room} />
      {!isNarrow && <Sidebar me={me} room={room} />}
      <div className="pane">
        <ServerBar gone={gone} />
        {isNarrow && room === undefined && <TopBar />}
        <main id="main" className="main" ref={main} tabIndex={-1}>
          <Broken key={location}>
            <Suspense fallback={<p className="empty late">Loading</p>}>
              <Places me={me} />
            </Suspense>
          </Broken>
        </main>
      </div>
      <ShellDialogs me={me} room={room} />
      <Toasts />
    </div>
  )
}

function Places({ me }: { me: Me }) {
  return (
    <Switch>
      <Route path="/rooms/:id">{({ id }) => <RoomPage key={id} id={decoded(id)} me={me} />}</Route>
      {pagesFor(me).map(({ path }) => {
        const Page = lazyPages[path]
        return (
          <Route key={path} path={path}>
            <InPage>
              <Page />
            </InPage>
          </Route>
        )
      })}
      <Route path="/">
        <Home me={me} />
      </Route>
      <Route path="/login">
        <Redirect to="/" replace />
      </Route>
      <Route>
        <NotFound />
      </Route>
    </Switch>
  )
}

function InPage({ children }: { children: ReactNode }) {
  return (
    <div className="page">
      <div className="page-column">{children}</div>
    </div>
  )
}

function Title({ me, location, room }: { me: Me; location: string; room: string | undefined }) {
  const { data: rooms = [] } = useQuery(roomsQuery)
  const listening = useStore(microphoneOn)
  const page = pagesFor(me).find(({ path }) => path === location)
  const place = room === undefined ? page?.name : roomName(room, me.name)
  return <title>{documentTitle(place, unreadOf(rooms), listening)}</title>
}

function useShellKeys(me: Me, room: string | undefined): void {
  const [, navigate] = useLocation()
  const { data: rooms } = useQuery(roomsQuery)
  useEffect(() => {
    const go = (step: 1 | -1): void => {
      const to = neighbour(inOrder(groupRooms(rooms ?? [], me.name)), room, step)
      if (to !== undefined) navigate(roomHref(to))
    }
    const ends = [
      onShortcut('search', () => openDialog({ type: 'search' })),
      onShortcut('newRoom', () => openDialog({ type: 'newRoom' })),
      onShortcut('help', () => openDialog({ type: 'shortcuts' })),
      onShortcut('roomBefore', () => go(-1)),
      onShortcut('roomAfter', () => go(1)),
    ]
    if (room !== undefined)
      ends.push(onShortcut('roomSettings', () => openDialog({ type: 'roomSettings', room })))
    return () => {
      for (const end of ends) end()
    }
  }, [rooms, me.name, room, navigate])
}

/** After going elsewhere the focus is there, unless something in it has taken it already; the drawer closes. */
function useArrival(main: { readonly current: HTMLElement | null }, location: string): void {
  const before = useRef(location)
  useEffect(() => {
    if (before.current === location) return
    before.current = location
    if (shellDialog.get().type === 'sidebar') closeDialog()
    if (main.current?.contains(document.activeElement) !== true) main.current?.focus({ preventScroll: true })
  }, [main, location])
}
