import { useEffect, useRef } from 'react'
import type { Connection } from '../state/connection.ts'
import type { Microphone } from '../state/microphone.ts'
import { isOn } from '../state/microphone.ts'
import type { MicrophoneControl } from '../state/microphone-control.ts'
import { microphoneKey, problemInWords, microphoneInWords } from '../state/messages.ts'

export function MicrophoneDock({
  microphone,
  state,
  connection,
}: {
  microphone: MicrophoneControl
  state: Microphone
  connection: Connection
}) {
  const ring = useRef<HTMLSpanElement>(null)

  // 25 times a second, past React: only one property of one element changes.
  useEffect(
    () => microphone.onLevel(level => ring.current?.style.setProperty('--level', level.toFixed(3))),
    [microphone],
  )

  return (
    <footer className="dock">
      <div className="column dock-row">
        {/* Always there, so that a screen reader notices when it fills. */}
        <div role="alert">{state.kind === 'error' && <Problem problem={state.problem} />}</div>
        <button
          className="microphone"
          type="button"
          data-state={state.kind}
          aria-label="Microphone"
          aria-pressed={isOn(state)}
          aria-keyshortcuts={microphoneKey}
          onClick={() => microphone.toggle()}
        >
          <span className="ring" ref={ring} aria-hidden="true" />
          <svg viewBox="0 0 24 24" aria-hidden="true">
            <rect x="9" y="3" width="6" height="11.5" rx="3" />
            <path d="M5.5 11.5a6.5 6.5 0 0 0 13 0M12 18v3" />
            {state.kind === 'error' && <path className="slash" d="M4 3.5 20 20.5" />}
          </svg>
        </button>
        <p className="state" role="status">
          {microphoneInWords(state, connection)}
        </p>
        <p className="hint">
          <kbd>{microphoneKey}</kbd> {isOn(state) ? 'turns it off' : 'turns it on'}
          {isOn(state) && (
            <>
              , <kbd>Esc</kbd> too
            </>
          )}
        </p>
      </div>
    </footer>
  )
}

function Problem({ problem }: { problem: Extract<Microphone, { kind: 'error' }>['problem'] }) {
  const { what, todo } = problemInWords(problem)
  return (
    <div className="problem">
      <p className="problem-what">{what}</p>
      <p>{todo}</p>
    </div>
  )
}
