import { ApiError, refusal } from '../api.ts'
import { createStore, type Store } from '../store.ts'
import { toast } from '../toasts.ts'
import { speechInWords } from './messages.ts'
import { createPlayer, type Player } from './player.ts'

/** What is read aloud. `id` names the message. */
export interface Reading {
  readonly id: string
  /** Plain words, without markup. */
  readonly text: string
  readonly voice?: string | undefined
}

/**
 *   idle ──▶ loading ──first sound──▶ playing ──▶ idle
 *
 * `blocked`: the browser plays nothing before the page is touched. A failure is told and leads to idle.
 */
export type Speech =
  | { readonly kind: 'idle' }
  | { readonly kind: 'loading' | 'playing' | 'blocked'; readonly id: string }

/** One thing at a time: a new one stops what is read. Call it from a press or a key, or browsers keep silent. */
export function speak(reading: Reading): void {
  waiting = []
  begin(reading)
}

/** After what is read now. */
export function speakNext(reading: Reading): void {
  if (life === undefined) begin(reading)
  else waiting.push(reading)
}

/** At once, and what waits is forgotten. */
export function stopSpeaking(): void {
  waiting = []
  life?.abort()
  end()
}

const idle: Speech = { kind: 'idle' }
export const speech: Store<Speech, Speech> = createStore<Speech, Speech>(idle, (state, next) =>
  next.kind === state.kind && idOf(next) === idOf(state) ? state : next,
)

let waiting: Reading[] = []
/** Of what is read now. */
let life: AbortController | undefined
let player: Player | undefined

function idOf(state: Speech): string | undefined {
  return state.kind === 'idle' ? undefined : state.id
}

function end(): void {
  life = undefined
  player?.rest()
  speech.dispatch(idle)
}

function begin(reading: Reading): void {
  life?.abort()
  const own = new AbortController()
  life = own
  // Made and woken within the press: Safari allows it only there.
  player ??= createPlayer()
  player.wake()
  void readAll(reading, player, own.signal)
}

async function readAll(first: Reading, player: Player, signal: AbortSignal): Promise<void> {
  try {
    for (let next: Reading | undefined = first; next !== undefined; next = waiting.shift()) {
      await read(next, player, signal)
      if (signal.aborted) return
    }
  } finally {
    // Also after a fault of ours: what is asked for next is to be read.
    if (!signal.aborted) end()
  }
}

async function read({ id, text, voice }: Reading, player: Player, signal: AbortSignal): Promise<void> {
  speech.dispatch({ kind: 'loading', id })
  if (text.trim() === '') {
    toast(speechInWords.nothing)
    return
  }
  try {
    const response = await request({ text, voice }, signal)
    const end = await player.play(response, signal, kind => {
      if (!signal.aborted) speech.dispatch({ kind, id })
    })
    if (end !== 'done') toast(speechInWords[end], 'bad')
  } catch (error) {
    if (signal.aborted) return
    // One failure is told once; what waits would fail alike.
    waiting = []
    if (!(error instanceof ApiError)) throw error
    const { title, detail = '' } = error.problem
    toast([title, detail].filter(Boolean).map(asSentence).join(' '), 'bad')
  }
}

function asSentence(words: string): string {
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}${words.endsWith('.') ? '' : '.'}`
}

/** The server takes 20,000 characters; nobody listens to more at once. */
const mostText = 20_000

async function request(
  { text, voice }: Pick<Reading, 'text' | 'voice'>,
  signal: AbortSignal,
): Promise<ReadableStream<Uint8Array>> {
  let response: Response
  try {
    response = await fetch('/api/speech', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ text: text.slice(0, mostText), ...(voice === undefined ? {} : { voice }) }),
      signal,
    })
  } catch (error) {
    signal.throwIfAborted()
    throw noAnswer(error)
  }
  if (!response.ok || response.body === null) throw await refusal(response)
  return response.body
}

function noAnswer(cause: unknown): ApiError {
  return new ApiError({ code: 'no_answer', title: 'The server doesn’t answer', status: 0 }, cause)
}
