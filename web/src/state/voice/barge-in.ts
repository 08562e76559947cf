/**
 * Whether what the microphone heard is somebody who speaks, or the page itself: echo cancellation takes away most of what
 * the speakers play, and what is left of it is short. Speech counts against a voice that reads aloud only if it lasts half a
 * second; what ended sooner, while the voice was still reading, is dropped. All times are ms of the session's audio, so that no
 * delay of the network counts as speech.
 */
export interface BargeIn {
  readonly reading: boolean
  /** When the reading last stopped. */
  readonly quietSince: number
  readonly now: number
  /** The last second and a half, for what had been heard before the backend said that it is speech. */
  readonly levels: readonly { readonly ms: number; readonly level: number }[]
  readonly open: Voice | undefined
  /** Their words have still to come. */
  readonly closed: readonly Voice[]
}

interface Voice {
  readonly item: string
  readonly startMs: number
  /** Began while something was read aloud. */
  readonly overReading: boolean
  readonly verdict: 'unknown' | 'take' | 'drop'
}

export type BargeInEvent =
  | { readonly type: 'reading'; readonly on: boolean }
  /** A chunk of sound that ends at `ms`; its level is from 0 to 1. */
  | { readonly type: 'level'; readonly ms: number; readonly level: number }
  | { readonly type: 'speech_started'; readonly item: string; readonly ms: number }
  | { readonly type: 'speech_stopped'; readonly item: string; readonly ms: number }
  | { readonly type: 'completed'; readonly item: string }

export const nobodySpeaks: BargeIn = {
  reading: false,
  quietSince: 0,
  now: 0,
  levels: [],
  open: undefined,
  closed: [],
}

const bargeInMs = 500
const rememberedMs = 1500
/** 12 dB of `loudness`' 48: what is so far below the loudest of an utterance is a pause or the room. */
const range = 0.25

/** `stopReading`: somebody speaks. `drop`: forget the utterance. Its words, when they come: see `takes`. */
export function decideBargeIn(
  state: BargeIn,
  event: BargeInEvent,
): { readonly state: BargeIn; readonly stopReading?: true; readonly drop?: string } {
  switch (event.type) {
    case 'reading':
      if (event.on === state.reading) return { state }
      return { state: { ...state, reading: event.on, quietSince: event.on ? Infinity : state.now } }
    case 'level': {
      const levels = [...state.levels, event].filter(({ ms }) => ms > event.ms - rememberedMs)
      return judge({ ...state, now: event.ms, levels })
    }
    case 'speech_started': {
      const { item, ms: startMs } = event
      // It may have stopped between the speech and the news of it.
      const overReading = state.reading || startMs < state.quietSince
      const verdict = overReading ? 'unknown' : 'take'
      return judge({ ...state, open: { item, startMs, overReading, verdict } })
    }
    case 'speech_stopped': {
      const { open } = state
      if (open?.item !== event.item) return { state }
      const isShort = event.ms - open.startMs < bargeInMs
      const endedOverReading = state.reading || event.ms < state.quietSince
      const isDropped = open.verdict === 'unknown' && isShort && endedOverReading
      const closed = [...state.closed, { ...open, verdict: isDropped ? 'drop' : 'take' } as const]
      const next = { ...state, open: undefined, closed }
      if (isDropped) return { state: next, drop: open.item }
      return state.reading && open.verdict === 'unknown'
        ? { state: next, stopReading: true }
        : { state: next }
    }
    case 'completed':
      return { state: { ...state, closed: state.closed.filter(({ item }) => item !== event.item) } }
  }
}

/** Asked before the `completed` event is fed. */
export function takes(state: BargeIn, item: string): boolean {
  return state.closed.find(one => one.item === item)?.verdict !== 'drop'
}

/** Speaking for half a second, and not only announced so long ago: the backend says that speech has stopped half a second late. */
function judge(state: BargeIn): { readonly state: BargeIn; readonly stopReading?: true } {
  const { open, levels, now } = state
  if (open === undefined || open.verdict !== 'unknown' || now - open.startMs < bargeInMs) return { state }
  const own = levels.filter(({ ms }) => ms > open.startMs)
  const loudest = Math.max(...own.map(({ level }) => level))
  const isLoud = own.some(({ ms, level }) => ms - open.startMs >= bargeInMs && level >= loudest - range)
  if (!isLoud) return { state }
  return {
    state: { ...state, open: { ...open, verdict: 'take' } },
    ...(state.reading ? { stopReading: true } : {}),
  }
}
