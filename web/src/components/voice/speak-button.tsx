import { useSyncExternalStore } from 'react'
import { speakable } from '../../state/markdown/speakable.ts'
import { speechInWords } from '../../state/voice/messages.ts'
import { speak, speech, stopSpeaking } from '../../state/voice/speech.ts'
import { Icon } from '../controls/icon.tsx'
import './speak-button.css'

/** Reads a message aloud, or stops that. `id` tells it from others; `text` is Markdown. */
export function SpeakButton({ id, text, voice }: { id: string; text: string; voice?: string | undefined }) {
  // As a word: other messages' buttons need no new rendering.
  const kind = useSyncExternalStore(speech.subscribe, () => {
    const now = speech.get()
    return now.kind !== 'idle' && now.id === id ? now.kind : 'idle'
  })
  const isIdle = kind === 'idle'
  return (
    <button
      className="icon-button speak-button"
      type="button"
      data-state={kind}
      aria-label={isIdle ? speechInWords.start : speechInWords.stop}
      title={isIdle ? speechInWords.start : speechInWords.stop}
      onClick={() => {
        if (isIdle) speak({ id, text: speakable(text), voice })
        else stopSpeaking()
      }}
    >
      <Icon name={isIdle ? 'speaker' : 'stop'} />
    </button>
  )
}
