import { QueryClientProvider, useQuery } from '@tanstack/react-query'
import { useEffect } from 'react'
import { meQuery, queries } from '../state/queries.ts'
import { followSession, loggedOut } from '../state/session.ts'
import { followTheme } from '../state/theme.ts'
import { useStore } from './controls/use-store.ts'
import { LoginPage } from './login/login-page.tsx'
import { Broken } from './shell/broken.tsx'
import { Shell } from './shell/shell.tsx'
import { ServerBar } from './shell/server-bar.tsx'

export function App() {
  useEffect(() => {
    const life = new AbortController()
    followSession(life.signal)
    followTheme(life.signal)
    return () => life.abort()
  }, [])
  return (
    <QueryClientProvider client={queries}>
      <Broken>
        <Entrance />
      </Broken>
    </QueryClientProvider>
  )
}

/** Whoever has to log in does it at the address where they wanted to go. */
function Entrance() {
  const { data: me, failureCount, error } = useQuery(meQuery)
  const isOut = useStore(loggedOut)
  if (isOut) return <LoginPage />
  if (me !== undefined) return <Shell me={me} />
  if (error !== null) throw error
  return <ServerBar gone={failureCount > 0} />
}
