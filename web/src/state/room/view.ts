import type { LiveReply, Message, RoomRole } from '../../../../services/chat/protocol.ts'
import type { ApiProblem } from '../../../../services/chat/protocol.ts'
import type { Store } from '../store.ts'
import type { Editing } from './editing.ts'

/** A message of ours that is not in the room yet. `key` makes a second try harmless. */
export interface Pending {
  readonly key: string
  readonly text: string
  readonly state: 'sending' | 'failed'
  readonly problem?: ApiProblem
}

/** An answer that ended without a message, or not as it should; shown until something else is said. */
export interface EndedReply {
  readonly reply: string
  readonly agent: string
  readonly how: 'stopped' | 'failed' | 'interrupted'
  readonly problem?: ApiProblem
}

/** What the page knows of one room: a window of its messages, without a gap, and what is being written. */
export interface RoomState {
  readonly id: string
  /** `lost`: tried again all the time; `gone`: the room is removed or no longer ours; `refused`: see `problem`. */
  readonly connection: 'opening' | 'open' | 'lost' | 'gone' | 'refused'
  readonly problem: ApiProblem | undefined
  /** Ascending ids, without a gap. */
  readonly messages: readonly Message[]
  /** Of the whole room. */
  readonly count: number
  /** The window reaches the room's end: what is said is appended. */
  readonly atEnd: boolean
  readonly loading: { readonly older: boolean; readonly newer: boolean }
  readonly replies: readonly LiveReply[]
  readonly ended: readonly EndedReply[]
  readonly pending: readonly Pending[]
  readonly present: readonly string[]
  /** First message that was not read when the room was opened; undefined: none. */
  readonly firstUnread: number | undefined
  /** Where to stand, after `goTo`; the timeline scrolls there once. `quiet`: nobody asked for it, so it isn't shown off. */
  readonly target: { readonly id: number; readonly nonce: number; readonly quiet?: boolean } | undefined
  /** Another number: the window was replaced by one somewhere else, and the list begins anew. */
  readonly window: number
  /** What messages were before they were in the room: the key of a post, the id of a reply. Their rows stay the same. */
  readonly born: ReadonlyMap<number, string>
  /** The room's name by now, if it was renamed while open. */
  readonly renamed: string | undefined
}

/** One room that is open on the page. Actions that the server refuses throw ApiError, unless they say otherwise. */
export interface RoomView {
  readonly store: Store<RoomState, never>
  /** Messages that are being changed. */
  readonly editing: Editing
  /** Shows it at once as pending, also when the room is left meanwhile; a refusal stays there, with `retry` and `discard`. */
  post(text: string): void
  retry(key: string): void
  /** Its text goes back into the draft. */
  discard(key: string): void
  /** Takes the room's last message back. */
  undo(message: Message): Promise<void>
  regenerate(message: Message): Promise<void>
  poke(agent?: string): Promise<void>
  stop(reply: string): Promise<void>
  loadOlder(): void
  loadNewer(): void
  /** Loads what is around that message and stands there. */
  goTo(id: number): void
  goToEnd(): void
  /** Where the reader stands: at the end, or with this message in view. What is dropped, and where a reset goes, depends on it. */
  look(at: { readonly atEnd: boolean; readonly id: number }): void
  /** Everything up to the end was seen. */
  markRead(): void
  /** Ends its connections. */
  close(): void
}

/** Who looks, and what they may do; for deciding which actions a message offers. */
export interface Viewer {
  readonly name: string
  readonly role: RoomRole
  /** Agents of the room. */
  readonly agents: readonly string[]
}
