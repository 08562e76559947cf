import type { RoomEvent } from '../protocol.ts'
import type { Clock } from '../rooms/clock.ts'
import type { Room } from '../rooms/room.ts'
import type { Reply } from './reply.ts'

/** A program that saves a file in place empties it first. So long it may take until what it saves is there. */
const saveMs = 1000

export interface LineOwner {
  readonly clock: Clock
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
  #isClosing = false
  /** Waits until what somebody else is saving is whole. */
  #look: { readonly over: Promise<void>; readonly stop: () => void } | undefined
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

  /** Nobody is asked any more. */
  get isClosing(): boolean {
    return this.#isClosing
  }

  /** Who is in line now is in it until they end; nobody else comes, and nothing is waited for. */
  close(): void {
    this.#isClosing = true
    this.#look?.stop()
  }

  /** Resolves when it is known whether what is answered is still there. */
  async isSettled(): Promise<void> {
    while (this.#look !== undefined) await this.#look.over
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
    this.#look?.stop()
    this.#stopListening()
    this.#owner.idle()
    this.#done()
  }

  #heard(event: RoomEvent): void {
    if (event.type === 'renamed') {
      this.#owner.renamed(event.to)
      for (const reply of this.replies) if (!reply.isInLine) reply.note({ room: event.to })
    }
    if (event.type === 'gone') {
      this.#look?.stop()
      for (const reply of this.replies.toReversed()) this.#owner.withdraw(reply)
    }
    if (event.type === 'rewind' || event.type === 'reset') {
      // Ids stand for other messages now.
      this.answers.clear()
      if (this.room.isOwnChange) this.#withdrawLost()
      else if (this.#lost().length > 0) this.#lookLater()
    }
  }

  /** From outside: what has gone may only be on its way to the disk. */
  #lookLater(): void {
    if (this.#isClosing) return
    this.#look?.stop()
    const { promise, resolve } = Promise.withResolvers<void>()
    const takeBack = this.#owner.clock.after(saveMs, () => {
      // The count is of the file as it is then. Who saves once more at this moment is waited for once more.
      this.room
        .list({ limit: 1 })
        .then(() => {
          if (this.#look?.over === promise) this.#withdrawLost()
        })
        .catch(this.#owner.onFault)
        .finally(stop)
    })
    const stop = (): void => {
      takeBack()
      if (this.#look?.over === promise) this.#look = undefined
      resolve()
    }
    this.#look = { over: promise, stop }
  }

  #withdrawLost(): void {
    for (const reply of this.#lost().toReversed()) this.#owner.withdraw(reply)
  }

  /** An edit keeps the message that is answered; an undo or a clear takes it away, and the answer with it. */
  #lost(): Reply[] {
    return this.replies.filter(({ plan: { to } }) => this.room.count <= (to?.id ?? 0))
  }
}
