import type { Status, SupervisorEvent } from '../../supervisor/events.ts'
import type { Facts, Found, PaneState, Position, State } from './state.ts'
import type { InputEvent } from './terminal/input.ts'

export type KeyInput = InputEvent & { readonly type: 'key' }

/** Whatever may change the state. */
export type Event =
  | { readonly type: 'input'; readonly input: InputEvent }
  | { readonly type: 'supervisor'; readonly event: SupervisorEvent }
  | { readonly type: 'resized'; readonly columns: number; readonly rows: number }
  | { readonly type: 'tick'; readonly now: number }
  /** What a pane's content did with an effect, or with new lines. */
  | { readonly type: 'position'; readonly pane: number; readonly position: Position }
  | { readonly type: 'found'; readonly pane: number; readonly found: Found | undefined }
  | { readonly type: 'copied'; readonly lines: number }
  /** Something that was asked for failed, in words. */
  | { readonly type: 'refused'; readonly text: string }
  | { readonly type: 'sampled'; readonly status: Status; readonly facts: Facts }

/** What `update` wants to be done outside; console.ts does it. */
export type Effect =
  | { readonly type: 'press'; readonly key: 'q' | 'r' | 'p' }
  /** As Ctrl-C in any program: SIGINT to ourselves. */
  | { readonly type: 'interrupt' }
  | { readonly type: 'restart'; readonly service: string }
  | { readonly type: 'type'; readonly service: string; readonly bytes: string }
  | { readonly type: 'open'; readonly address: string }
  /** Rows of the screen; negative: towards the past. */
  | { readonly type: 'scroll'; readonly pane: number; readonly rows: number }
  | { readonly type: 'scroll_to'; readonly pane: number; readonly end: 'oldest' | 'newest' }
  | { readonly type: 'sideways'; readonly pane: number; readonly columns: number }
  /** The pane's filter, wrap or times have changed. */
  | { readonly type: 'review'; readonly pane: number }
  /** The pane's search has changed; empty ends it. */
  | { readonly type: 'search'; readonly pane: number }
  | { readonly type: 'find'; readonly pane: number; readonly direction: 'back' | 'forward' }
  /** The pane keeps what it shows until it is thawed. */
  | { readonly type: 'freeze'; readonly pane: number }
  | { readonly type: 'thaw'; readonly pane: number }
  | {
      readonly type: 'copy'
      readonly pane: number
      readonly from: { readonly x: number; readonly y: number }
      readonly to: { readonly x: number; readonly y: number }
    }
  /** The dashboard was opened: take a sample now. */
  | { readonly type: 'sample' }

export interface Step {
  readonly state: State
  readonly effects: readonly Effect[]
}

export function stay(state: State): Step {
  return { state, effects: [] }
}

export function changePane(state: State, index: number, change: Partial<PaneState>): State {
  const panes = state.panes.map((pane, at) => (at === index ? { ...pane, ...change } : pane))
  return { ...state, panes }
}

export function say(state: State, text: string, tone: 'plain' | 'good' | 'warn' | 'bad' = 'plain'): State {
  return { ...state, message: { text, tone, until: state.now + (tone === 'plain' ? 5000 : 15_000) } }
}
