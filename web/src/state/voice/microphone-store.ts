import { socketUrl } from '../lasting-socket.ts'
import { createStore, type Store } from '../store.ts'
import { openCapture } from './capture.ts'
import { isOn } from './microphone.ts'
import { createMicrophone } from './microphone-control.ts'
import { openSession } from './realtime-session.ts'
import { speech, stopSpeaking } from './speech.ts'

/** The page's one microphone. Rooms never share it: who leaves one turns it off. */
export const microphone = createMicrophone({
  openCapture,
  openSession: (rate, onEvent) => openSession(socketUrl('/v1/realtime'), rate, onEvent),
  reading: {
    isOn: () => speech.get().kind === 'playing',
    subscribe: speech.subscribe,
    stop: stopSpeaking,
  },
})

/** For the mark in the title of the page. */
export const microphoneOn: Store<boolean, boolean> = createStore(false, (_, on: boolean) => on)
microphone.state.subscribe(() => microphoneOn.dispatch(isOn(microphone.state.get())))
