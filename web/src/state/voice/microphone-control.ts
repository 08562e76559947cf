import { createStore, type Store } from '../store.ts'
import { type BargeIn, type BargeInEvent, decideBargeIn, nobodySpeaks, takes } from './barge-in.ts'
import type { CaptureResult } from './capture.ts'
import { changeHeard, type Heard, type HeardEvent } from './heard.ts'
import type { MicrophoneProblem } from './messages.ts'
import { changeMicrophone, isOn, type Microphone, type MicrophoneEvent, microphoneOff } from './microphone.ts'
import { loudness } from './pcm.ts'
import type { RealtimeSession, SessionEvent } from './realtime-session.ts'

export interface MicrophoneControl {
  readonly state: Store<Microphone, MicrophoneEvent>
  readonly heard: Store<Heard, HeardEvent>
  /** 0 to 1, about 25 times a second while the microphone is on. For the eye only, and so not in the state. */
  onLevel(listener: (level: number) => void): () => void
  /** Each utterance's words, when it is over; never empty. */
  onUtterance(listener: (text: string) => void): () => void
  /** Turned off by it, the last words still come. */
  toggle(): void
  /** The device is off; what was said until now still becomes an utterance. Also forgets an error. */
  finish(): void
  /** At once; nothing more comes. */
  turnOff(): void
}

/** The device, the connection, and the voice that reads aloud. */
export interface MicrophoneEffects {
  openCapture(onPcm: (pcm: Int16Array<ArrayBuffer>) => void, onLost: () => void): Promise<CaptureResult>
  openSession(rate: 16_000 | 24_000 | 48_000, onEvent: (event: SessionEvent) => void): RealtimeSession
  readonly reading: {
    isOn(): boolean
    subscribe(changed: () => void): () => void
    stop(): void
  }
}

export function createMicrophone(effects: MicrophoneEffects): MicrophoneControl {
  const state = createStore(microphoneOff, changeMicrophone)
  const heard = createStore<Heard, HeardEvent>([], changeHeard)
  const levels = new Set<(level: number) => void>()
  const utterances = new Set<(text: string) => void>()
  const showLevel = (level: number): void => {
    for (const listener of levels) listener(level)
  }
  /** Ends what the last `turnOn` began. */
  let release: (how: 'finish' | 'now') => void = () => undefined

  async function turnOn(): Promise<void> {
    let listening: Listening | undefined
    let ended = false
    const early: Int16Array[] = []
    const fail = (problem: MicrophoneProblem): void => {
      if (ended) return
      release('now')
      state.dispatch({ type: 'fail', problem })
    }
    release('now')
    release = () => {
      ended = true
    }
    state.dispatch({ type: 'ask' })
    const result = await effects.openCapture(
      pcm => {
        if (ended) return
        showLevel(loudness(pcm))
        if (listening === undefined) early.push(pcm)
        else listening.send(pcm)
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
    let silenced = false
    release = how => {
      if (!ended) {
        ended = true
        capture.close()
        showLevel(0)
      }
      if (how === 'finish') {
        listening?.finish()
        return
      }
      silenced = true
      listening?.close()
    }
    state.dispatch({ type: 'granted' })
    listening = listen(effects, capture.rate, {
      onEvent: event => {
        if (event.type === 'fail') fail(event.problem)
        else if (!ended) state.dispatch(event)
      },
      onHeard: event => heard.dispatch(event),
      onUtterance: text => {
        if (silenced) return
        for (const listener of utterances) listener(text)
      },
    })
    for (const pcm of early) listening.send(pcm)
  }

  function off(how: 'finish' | 'now'): void {
    release(how)
    state.dispatch({ type: 'stop' })
  }

  return {
    state,
    heard,
    onLevel: listener => {
      levels.add(listener)
      return () => levels.delete(listener)
    },
    onUtterance: listener => {
      utterances.add(listener)
      return () => utterances.delete(listener)
    },
    toggle: () => {
      if (isOn(state.get())) off('finish')
      else void turnOn()
    },
    finish: () => off('finish'),
    turnOff: () => off('now'),
  }
}

interface Listening {
  send(pcm: Int16Array): void
  finish(): void
  close(): void
}

/** One session: its utterances, and whether they are somebody's or what the page itself reads aloud. */
function listen(
  effects: MicrophoneEffects,
  rate: 16_000 | 24_000 | 48_000,
  {
    onEvent,
    onHeard,
    onUtterance,
  }: {
    onEvent: (event: Extract<SessionEvent, { type: 'fail' | MicrophoneEvent['type'] }>) => void
    onHeard: (event: HeardEvent) => void
    onUtterance: (text: string) => void
  },
): Listening {
  const { reading } = effects
  let voices: BargeIn = { ...nobodySpeaks, reading: reading.isOn() }
  let samples = 0
  const open = new Set<string>()
  const decide = (event: BargeInEvent): void => {
    const { state, stopReading, drop } = decideBargeIn(voices, event)
    voices = state
    if (drop !== undefined) onHeard({ type: 'over', item: drop })
    if (stopReading === true) reading.stop()
  }
  const unsubscribe = reading.subscribe(() => decide({ type: 'reading', on: reading.isOn() }))
  const over = (): void => {
    unsubscribe()
    for (const item of open) onHeard({ type: 'over', item })
  }
  const session = effects.openSession(rate, event => {
    switch (event.type) {
      case 'ready':
        onEvent(event)
        return
      case 'speech_started':
        open.add(event.item)
        onHeard({ type: 'speech_started', item: event.item })
        onEvent(event)
        decide(event)
        return
      case 'speech_stopped':
        onEvent(event)
        decide(event)
        return
      case 'delta':
        onHeard(event)
        return
      case 'completed': {
        open.delete(event.item)
        onHeard({ type: 'over', item: event.item })
        const isTaken = takes(voices, event.item)
        decide(event)
        const text = event.text.trim()
        if (isTaken && text !== '') onUtterance(text)
        return
      }
      case 'ended':
        over()
        return
      case 'fail':
        over()
        onEvent(event)
        return
    }
  })
  return {
    send: pcm => {
      session.send(pcm)
      samples += pcm.length
      decide({ type: 'level', ms: (samples / rate) * 1000, level: loudness(pcm) })
    },
    finish: () => session.finish(),
    close: () => {
      over()
      session.close()
    },
  }
}
