import { useQuery } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { connectionInWords, startOfConnection } from '../../state/connection.ts'
import { meQuery } from '../../state/queries.ts'
import { openTranscript, type OpenTranscript } from '../../state/transcript-page.ts'
import { TranscriptList } from '../transcript/transcript-list.tsx'
import '../transcript/transcript.css'
import { Page } from './page.tsx'

/** What this machine heard and said, live. */
export function TranscriptPage() {
  const { data: me } = useQuery(meQuery)
  if (me === undefined) return null
  if (me.role !== 'admin')
    return (
      <Page title="Transcript">
        <div className="empty">
          <h2>For admins</h2>
          <p>The transcript has what everybody on this machine said into a microphone.</p>
        </div>
      </Page>
    )
  return <Live />
}

const nothing: OpenTranscript = { connection: startOfConnection, lines: [], today: '' }

function Live() {
  const [{ connection, lines, today }, setShown] = useState(nothing)
  useEffect(() => {
    const life = new AbortController()
    const store = openTranscript(life.signal)
    const end = store.subscribe(() => setShown(store.get()))
    return () => {
      end()
      life.abort()
    }
  }, [])
  const { words, tone } = connectionInWords(connection)
  return (
    <div className="transcript-page">
      <header className="transcript-head">
        <div>
          <h1>Transcript</h1>
          <p className="soft">What this machine heard and said, live.</p>
        </div>
        <p className="badge" data-tone={tone} role="status">
          {words}
        </p>
      </header>
      <TranscriptList lines={lines} today={today} loaded={connection.stream !== 'connecting'} />
    </div>
  )
}
