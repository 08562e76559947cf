import { useSyncExternalStore } from 'react'
import { voiceSettings } from '../../state/composer/voice-settings.ts'
import { heldBack } from '../../state/voice/heard.ts'
import { heardInWords, microphoneInWords, problemInWords, speechInWords } from '../../state/voice/messages.ts'
import { isOn } from '../../state/voice/microphone.ts'
import { microphone } from '../../state/voice/microphone-store.ts'
import { speech, stopSpeaking } from '../../state/voice/speech.ts'
import { Icon } from '../controls/icon.tsx'
import './voice-strip.css'

/** What the microphone hears and what is read aloud, above where one writes; nothing while neither is on. */
export function VoiceStrip() {
  const state = useSyncExternalStore(microphone.state.subscribe, microphone.state.get)
  const heard = useSyncExternalStore(microphone.heard.subscribe, microphone.heard.get)
  const { sendWhatISay } = useSyncExternalStore(voiceSettings.subscribe, voiceSettings.get)
  const reading = useSyncExternalStore(speech.subscribe, speech.get)
  const on = isOn(state)
  const words = heard
    .map(({ text }) => heldBack(text))
    .filter(text => text !== '')
    .join(' ')
  const isHearing = on || heard.length > 0
  const problem = state.kind === 'error' ? problemInWords(state.problem) : undefined
  return (
    <div className="voice-strip">
      {/* All of them always there, so that a screen reader notices when they fill. */}
      <div role="alert">
        {problem !== undefined && (
          <div className="callout voice-problem" data-tone="bad">
            <div>
              <p className="what">{problem.what}</p>
              <p>{problem.todo}</p>
            </div>
            <button
              className="icon-button"
              type="button"
              aria-label="Dismiss"
              onClick={() => microphone.finish()}
            >
              <Icon name="close" />
            </button>
          </div>
        )}
      </div>
      {/* Only what goes on is told, and not each word that is heard. */}
      <p className="voice-line" data-state={state.kind}>
        <span className="voice-state" role="status">
          {isHearing && (on ? microphoneInWords[state.kind] : heardInWords.lastWords)}
        </span>
        {isHearing && words === '' && (
          <span className="soft">{sendWhatISay ? heardInWords.sent : heardInWords.drafted}</span>
        )}
        {words !== '' && <span className="voice-words">{words} …</span>}
      </p>
      <p className="voice-line" data-state={reading.kind}>
        <span className="voice-state" role="status">
          {reading.kind !== 'idle' && speechInWords[reading.kind]}
        </span>
        {reading.kind !== 'idle' && (
          <button className="voice-stop" type="button" onClick={stopSpeaking}>
            Stop
          </button>
        )}
      </p>
    </div>
  )
}
