import { QueryClientProvider, useQuery } from '@tanstack/react-query'
import { useEffect } from 'react'
import { Redirect, Route, Switch } from 'wouter'
import type { Me } from '../../../services/backend/protocol.ts'
import { followChanges, socketUrl } from '../state/changes.ts'
import { meQuery, queries } from '../state/queries.ts'
import { AdminPage } from './pages/admin-page.tsx'
import { ModelsPage } from './pages/models-page.tsx'
import { ProfilePage } from './pages/profile-page.tsx'
import { SystemPage } from './pages/system-page.tsx'
import { TranscriptPage } from './pages/transcript-page.tsx'
import { RoomPage } from './shell/room-page.tsx'

export function App() {
  return (
    <QueryClientProvider client={queries}>
      <Entrance />
    </QueryClientProvider>
  )
}

function Entrance() {
  const { data: me } = useQuery(meQuery)
  return me === undefined ? null : <Shell me={me} />
}

function Shell({ me }: { me: Me }) {
  useEffect(() => {
    const life = new AbortController()
    followChanges(socketUrl('/api/changes'), life.signal)
    return () => life.abort()
  }, [])
  return (
    <Switch>
      <Route path="/rooms/:id">{({ id }) => <RoomPage key={id} id={id} me={me} />}</Route>
      <Route path="/models" component={ModelsPage} />
      <Route path="/system" component={SystemPage} />
      <Route path="/admin" component={AdminPage} />
      <Route path="/profile" component={ProfilePage} />
      <Route path="/transcript" component={TranscriptPage} />
      <Redirect to="/rooms/lobby" />
    </Switch>
  )
}
