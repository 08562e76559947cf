import type { CaptureResult } from './capture.ts'
import type { Microphone, MicrophoneEvent } from './microphone.ts'
import { changeMicrophone, isOn, microphoneOff } from './microphone.ts'
import type { MicrophoneProblem } from './messages.ts'
import { loudness } from './pcm.ts'
import type { RealtimeSession, SessionEvent } from './realtime-session.ts'
import type { Store } from './store.ts'
import { createStore } from './store.ts'

export interface MicrophoneControl {
  readonly state: Store<Microphone, MicrophoneEvent>
  /** 0 to 1, about 25 times a second while the microphone is on. For the eye only, and so not in the state. */
  onLevel(listener: (level: number) => void): () => void
  toggle(): void
  /** Also forgets an error. */
  turnOff(): void
}

/** The two effects: the device and the connection. */
export interface MicrophoneEffects {
  openCapture(onPcm: (pcm: Int16Array<ArrayBuffer>) => void, onLost: () => void): Promise<CaptureResult>
  openSession(rate: 16_000 | 24_000 | 48_000, onEvent: (event: SessionEvent) => void): RealtimeSession
}

export function createMicrophone(effects: MicrophoneEffects): MicrophoneControl {
  const state = createStore(microphoneOff, changeMicrophone)
  const levels = new Set<(level: number) => void>()
  const showLevel = (level: number): void => {
    for (const listener of levels) listener(level)
  }
  /** Ends what the last `turnOn` began. */
  let release: () => void = () => undefined

  async function turnOn(): Promise<void> {
    let session: RealtimeSession | undefined
    let ended = false
    const heldBack: Int16Array[] = []
    const fail = (problem: MicrophoneProblem): void => {
      if (ended) return
      release()
      state.dispatch({ type: 'fail', problem })
    }
    release = () => {
      ended = true
    }
    state.dispatch({ type: 'ask' })
    const result = await effects.openCapture(
      pcm => {
        if (ended) return
        showLevel(loudness(pcm))
        if (session === undefined) heldBack.push(pcm)
        else session.send(pcm)
      },
      () => fail({ code: 'device_lost' }),
    )
    if (!result.ok) {
      fail(result.problem)
      return
    }
    const { capture } = result
    // The user may have changed their mind while the browser asked.
    if (ended) {
      capture.close()
      return
    }
    release = () => {
      ended = true
      capture.close()
      showLevel(0)
      session?.close()
    }
    state.dispatch({ type: 'granted' })
    session = effects.openSession(capture.rate, event => {
      if (ended) return
      if (event.type === 'fail') fail(event.problem)
      else state.dispatch(event)
    })
    for (const pcm of heldBack) session.send(pcm)
  }

  function turnOff(): void {
    release()
    state.dispatch({ type: 'stop' })
  }

  return {
    state,
    onLevel: listener => {
      levels.add(listener)
      return () => levels.delete(listener)
    },
    toggle: () => {
      if (isOn(state.get())) turnOff()
      else void turnOn()
    },
    turnOff,
  }
}
