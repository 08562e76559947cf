import type { ApiProblem, Message } from '../../../../services/chat/protocol.ts'
import { call, roomPath } from '../api.ts'
import { drafts, type Keeper } from '../composer/drafts.ts'
import { keeper } from '../keeper.ts'
import { toast } from '../toasts.ts'
import type { Post } from './outbox.ts'
import { RoomOutbox } from './room-outbox.ts'
import { UnsentPosts } from './unsent.ts'

export interface OutboxesOptions {
  readonly keeper: Keeper
  readonly send: (room: string, post: Post, signal: AbortSignal) => Promise<{ id: number }>
  readonly giveBack: (me: string, room: string, text: string) => void
  readonly onUnseen: (room: string, problem: ApiProblem) => void
}

/** The unsent posts of whoever was here since the page was loaded. They go out only while their author is here. */
export class Outboxes {
  readonly #options: OutboxesOptions
  readonly #open = new Map<string, { readonly me: string; readonly outbox: RoomOutbox }>()

  constructor(options: OutboxesOptions) {
    this.#options = options
  }

  of(me: string, room: string): RoomOutbox {
    const id = idOf(me, room)
    const known = this.#open.get(id)
    if (known !== undefined) return known.outbox
    const outbox = new RoomOutbox(room, new UnsentPosts(this.#options.keeper, me), {
      ...this.#options,
      giveBack: (room, text) => this.#options.giveBack(me, room, text),
    })
    this.#open.set(id, { me, outbox })
    return outbox
  }

  /** They are here: what they have left unsent goes on, also of rooms that nobody opens. Returns what ends that. */
  enter(me: string): () => void {
    for (const { room } of new UnsentPosts(this.#options.keeper, me).all()) this.of(me, room)
    const theirs = (): RoomOutbox[] =>
      [...this.#open.values()].flatMap(one => (one.me === me ? [one.outbox] : []))
    for (const outbox of theirs()) outbox.resume()
    return () => {
      for (const outbox of theirs()) outbox.hold()
    }
  }

  move(me: string, from: string, to: string): void {
    const one = this.#open.get(idOf(me, from))
    if (one === undefined) return
    this.#open.delete(idOf(me, from))
    this.#open.set(idOf(me, to), one)
    one.outbox.move(to)
  }
}

export const outboxes = new Outboxes({
  keeper,
  send: (room, body, signal) =>
    call<{ message: Message }>('POST', `${roomPath(room)}/messages`, { body, signal }).then(
      ({ message }) => message,
    ),
  giveBack: (me, room, text) => drafts.giveBack(me, room, text),
  onUnseen: (room, { title }) => toast(`Your message to ${room} was not sent: ${title}.`, 'bad'),
})

function idOf(me: string, room: string): string {
  return `${me}/${room}`
}
