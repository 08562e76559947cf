import { useEffect, useState } from 'react'
import { connectionInWords, startOfConnection } from '../../state/connection.ts'
import { openTranscript, type OpenTranscript } from '../../state/transcript-page.ts'
import { TranscriptList } from '../transcript/transcript-list.tsx'
import '../transcript/transcript.css'

const nothing: OpenTranscript = { connection: startOfConnection, lines: [], today: '' }

/** What this machine heard and said, live. */
export function TranscriptPage() {
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
