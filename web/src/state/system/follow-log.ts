import type { ApiProblem } from '../../../../services/chat/protocol.ts'
import { refusal } from '../api.ts'
import { reconnectDelay } from '../feed.ts'
import { createStore, type Store } from '../store.ts'
import { addOutput, emptyLog, type Log } from './log.ts'

/**
 * A service's log that is being read.
 *
 *   opening ──answered──▶ following ──ended──▶ opening (again) … ──refused──▶ refused
 */
export interface FollowedLog {
  readonly state: 'opening' | 'following' | 'refused'
  readonly problem?: ApiProblem
  /** The last lines come again on a new connection: the old ones are shown until then. */
  readonly isOld: boolean
  readonly log: Log
}

type Event =
  | { readonly type: 'answered' | 'ended' }
  | { readonly type: 'output'; readonly text: string }
  | { readonly type: 'refused'; readonly problem: ApiProblem }

/** Several pieces a frame are one rendering. */
const gatherMs = 60
/** As many lines as are there at the beginning. */
const firstLines = 300

export const logStart: FollowedLog = { state: 'opening', isOld: false, log: emptyLog }

export function followedLog(state: FollowedLog, event: Event): FollowedLog {
  switch (event.type) {
    case 'answered':
      return { state: 'following', isOld: true, log: state.log }
    case 'output':
      return { ...state, isOld: false, log: addOutput(state.isOld ? emptyLog : state.log, event.text) }
    case 'ended':
      return { state: 'opening', isOld: true, log: state.log }
    case 'refused':
      return { ...state, state: 'refused', problem: event.problem }
  }
}

/** Reads a service's log until the signal aborts, over as many connections as it takes: the backend may restart meanwhile. */
export function followLog(service: string, signal: AbortSignal): Store<FollowedLog, Event> {
  const store = createStore(logStart, followedLog)
  const path = `/api/system/logs/${encodeURIComponent(service)}?lines=${firstLines}&follow=true`
  let attempt = 0
  let timer: ReturnType<typeof setTimeout> | undefined
  const again = (): void => {
    timer = setTimeout(() => void read(), reconnectDelay(attempt++))
  }
  const read = async (): Promise<void> => {
    try {
      const response = await fetch(path, { signal })
      if (!response.ok || response.body === null) {
        const { problem } = await refusal(response)
        if (problem.code === 'no_answer' || problem.status >= 500) again()
        if (problem.code !== 'no_answer') store.dispatch({ type: 'refused', problem })
        return
      }
      store.dispatch({ type: 'answered' })
      await readOutput(response.body, text => {
        attempt = 0
        store.dispatch({ type: 'output', text })
      })
    } catch (error) {
      if (signal.aborted) return
      // A connection that broke. Anything else is a bug.
      if (!(error instanceof TypeError)) throw error
    }
    if (signal.aborted) return
    store.dispatch({ type: 'ended' })
    again()
  }
  signal.addEventListener('abort', () => clearTimeout(timer))
  void read()
  return store
}

async function readOutput(body: ReadableStream<Uint8Array>, onText: (text: string) => void): Promise<void> {
  const decoder = new TextDecoder()
  let gathered = ''
  let timer: ReturnType<typeof setTimeout> | undefined
  const flush = (): void => {
    clearTimeout(timer)
    timer = undefined
    if (gathered !== '') onText(gathered)
    gathered = ''
  }
  const reader = body.getReader()
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      gathered += decoder.decode(value, { stream: true })
      timer ??= setTimeout(flush, gatherMs)
    }
  } finally {
    flush()
  }
}
