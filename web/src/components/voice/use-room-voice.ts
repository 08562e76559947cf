import { useEffect } from 'react'
import { onShortcut } from '../../state/keys/listen.ts'
import { microphone } from '../../state/voice/microphone-store.ts'
import { speech, stopSpeaking } from '../../state/voice/speech.ts'

/** What is read or heard in a room ends by Escape, and with the room: also in one where nobody may write. */
export function useRoomVoice(): void {
  useEffect(() => {
    const end = onShortcut('quiet', () => {
      if (speech.get().kind === 'idle' && microphone.state.get().kind === 'off') return false
      stopSpeaking()
      microphone.finish()
      return true
    })
    return () => {
      end()
      stopSpeaking()
    }
  }, [])
}
