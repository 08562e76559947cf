import type { MicrophoneProblem } from './messages.ts'

/**
 * The microphone, as the page shows it.
 *
 *   off ──ask──▶ asking ──granted──▶ opening ──ready──▶ listening ⇄ speaking
 *
 * `stop` leads from each of them to off, `fail` to error; from error, `ask` tries again.
 */
export type Microphone =
  | { readonly kind: 'off' }
  /** The browser asks its user. */
  | { readonly kind: 'asking' }
  /** The device is on; the backend is preparing its end. What is said now is kept and sent. */
  | { readonly kind: 'opening' }
  | { readonly kind: 'listening' }
  | { readonly kind: 'speaking' }
  | { readonly kind: 'error'; readonly problem: MicrophoneProblem }

export type MicrophoneEvent =
  | { readonly type: 'ask' }
  | { readonly type: 'granted' }
  | { readonly type: 'ready' }
  | { readonly type: 'speech_started' }
  | { readonly type: 'speech_stopped' }
  | { readonly type: 'stop' }
  | { readonly type: 'fail'; readonly problem: MicrophoneProblem }

export const microphoneOff: Microphone = { kind: 'off' }

/** Events that don't fit the state change nothing: they are late ones of something that has ended. */
export function changeMicrophone(state: Microphone, event: MicrophoneEvent): Microphone {
  switch (event.type) {
    case 'ask':
      return isOn(state) ? state : { kind: 'asking' }
    case 'granted':
      return state.kind === 'asking' ? { kind: 'opening' } : state
    case 'ready':
      return state.kind === 'opening' ? { kind: 'listening' } : state
    case 'speech_started':
      return state.kind === 'listening' ? { kind: 'speaking' } : state
    case 'speech_stopped':
      return state.kind === 'speaking' ? { kind: 'listening' } : state
    case 'stop':
      return microphoneOff
    case 'fail':
      return isOn(state) ? { kind: 'error', problem: event.problem } : state
  }
}

/** Whether pressing the button ends something (true) or begins it. */
export function isOn(state: Microphone): boolean {
  return state.kind !== 'off' && state.kind !== 'error'
}
