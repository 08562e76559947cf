import { createStore, type Store } from '../store.ts'
import type { Keeper } from './drafts.ts'

/** How the microphone and the voice behave; kept in this browser. */
export interface VoiceSettings {
  /** What is said becomes a message by itself; else it goes into the draft. */
  readonly sendWhatISay: boolean
  /** Rooms whose answers are read aloud. */
  readonly readAloud: readonly string[]
}

type Change =
  | { readonly type: 'send'; readonly on: boolean }
  | { readonly type: 'read aloud'; readonly room: string; readonly on: boolean }

export function changeSettings(settings: VoiceSettings, change: Change): VoiceSettings {
  if (change.type === 'send') return { ...settings, sendWhatISay: change.on }
  const others = settings.readAloud.filter(room => room !== change.room)
  return { ...settings, readAloud: change.on ? [...others, change.room] : others }
}

export function loadSettings(keeper: Keeper): VoiceSettings {
  return {
    sendWhatISay: keeper.getItem('courante.sendWhatISay') !== 'no',
    readAloud: namesIn(keeper.getItem('courante.readAloud')),
  }
}

export function openSettings(keeper: Keeper): Store<VoiceSettings, Change> {
  const store = createStore(loadSettings(keeper), changeSettings)
  store.subscribe(() => {
    const { sendWhatISay, readAloud } = store.get()
    keeper.setItem('courante.sendWhatISay', sendWhatISay ? 'yes' : 'no')
    keeper.setItem('courante.readAloud', JSON.stringify(readAloud))
  })
  return store
}

/** Somebody else may have written there. */
function namesIn(text: string | null): string[] {
  try {
    const value: unknown = JSON.parse(text ?? '[]')
    return Array.isArray(value) ? value.filter(one => typeof one === 'string') : []
  } catch (error) {
    if (error instanceof SyntaxError) return []
    throw error
  }
}
