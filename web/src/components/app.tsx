import { useEffect, useSyncExternalStore } from 'react'
import type { Page } from '../state/page.ts'
import { isOn } from '../state/microphone.ts'
import { shortcutOf } from '../state/shortcuts.ts'
import { Header } from './header.tsx'
import { MicrophoneDock } from './microphone-dock.tsx'
import { Transcript } from './transcript.tsx'

export function App({ page }: { page: Page }) {
  const { connection, transcript, today, microphone } = page
  const connectionNow = useSyncExternalStore(connection.subscribe, connection.get)
  const lines = useSyncExternalStore(transcript.subscribe, transcript.get)
  const todayNow = useSyncExternalStore(today.subscribe, today.get)
  const microphoneNow = useSyncExternalStore(microphone.state.subscribe, microphone.state.get)

  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      const inText =
        event.target instanceof Element && event.target.closest('input, textarea, select') !== null
      const { key, repeat, isComposing, ctrlKey, metaKey, altKey } = event
      const action = shortcutOf({ key, repeat, isComposing, ctrlKey, metaKey, altKey, inText })
      if (action === 'toggle') microphone.toggle()
      if (action === 'off') microphone.turnOff()
    }
    document.addEventListener('keydown', onKey)
    return () => document.removeEventListener('keydown', onKey)
  }, [microphone])

  // An open microphone is told in the tab's title too: the page may be behind another.
  const on = isOn(microphoneNow)
  useEffect(() => {
    document.title = on ? '● Courante' : 'Courante'
  }, [on])

  return (
    <div className="page">
      <Header connection={connectionNow} />
      <Transcript lines={lines} today={todayNow} loaded={connectionNow.stream !== 'connecting'} />
      <MicrophoneDock microphone={microphone} state={microphoneNow} connection={connectionNow} />
    </div>
  )
}
