import type { RoomEvent } from '../protocol.ts'
import type { Room } from '../rooms/room.ts'
import type { Reply } from './reply.ts'

export interface LineOwner {
  /** Resolves when it has ended, however. */
  readonly write: (reply: Reply) => Promise<void>
  /** What it answers has gone. */
  readonly withdraw: (reply: Reply) => void
  readonly renamed: (to: string) => void
  /** Nobody waits here any more. */
  readonly idle: () => void
  readonly onFault: (error: unknown) => void
}

/** Those who answer in one room, one after the other, in the order in which they were asked. It is there while somebody is in it. */
export class RoomLine {
  readonly room: Room
  /** The first is being written. */
  readonly replies: Reply[] = []
  /** Ids of messages that were answered here, by those of their answers; as long as somebody is in line. */
  readonly answers = new Map<number, number>()
  readonly idle: Promise<void>
  /** Nobody is asked any more. */
  isClosing = false
  readonly #owner: LineOwner
  readonly #done: () => void
  readonly #stopListening: () => void
  #deciding: Promise<void> = Promise.resolve()
  #undecided = 0
  #isWriting = false

  constructor(room: Room, owner: LineOwner) {
    this.room = room
    this.#owner = owner
    const { promise, resolve } = Promise.withResolvers<void>()
    this.idle = promise
    this.#done = resolve
    this.#stopListening = room.on(event => this.#heard(event))
  }

  /** One decision after the other, so that two quick posts are answered in their order. Undefined: it failed, which was told. */
  async decide<T>(decision: () => Promise<T>): Promise<T | undefined> {
    this.#undecided++
    const decided = this.#deciding.then(decision).catch((error: unknown) => {
      this.#owner.onFault(error)
      return undefined
    })
    this.#deciding = decided.then(() => {
      this.#undecided--
      this.#settle()
    })
    return await decided
  }

  add(reply: Reply): void {
    this.replies.push(reply)
    if (!this.#isWriting) void this.#work()
  }

  drop(reply: Reply): void {
    const at = this.replies.indexOf(reply)
    if (at >= 0) this.replies.splice(at, 1)
  }

  async #work(): Promise<void> {
    this.#isWriting = true
    for (let reply = this.replies[0]; reply !== undefined; reply = this.replies[0]) {
      await this.#owner.write(reply).catch(this.#owner.onFault)
      this.drop(reply)
    }
    this.#isWriting = false
    this.#settle()
  }

  #settle(): void {
    if (this.#undecided > 0 || this.#isWriting || this.replies.length > 0) return
    this.#stopListening()
    this.#owner.idle()
    this.#done()
  }

  #heard(event: RoomEvent): void {
    if (event.type === 'renamed') {
      this.#owner.renamed(event.to)
      for (const reply of this.replies) if (!reply.isInLine) reply.note({ room: event.to })
    }
    if (event.type === 'gone') for (const reply of this.replies.toReversed()) this.#owner.withdraw(reply)
    if (event.type === 'rewind') {
      // Ids stand for other messages now.
      this.answers.clear()
      for (const reply of this.replies) this.#check(reply, event.id).catch(this.#owner.onFault)
    }
  }

  /** An edit keeps the message that is answered; an undo or a clear takes it away, and the answer with it. */
  async #check(reply: Reply, from: number): Promise<void> {
    const { to } = reply.plan
    if (to === undefined ? from > 0 : to.id < from) return
    const last = await this.room.list({ limit: 1 })
    if ((last[0]?.id ?? -1) < (to?.id ?? 0)) this.#owner.withdraw(reply)
  }
}
