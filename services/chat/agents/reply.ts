import type { LiveReply, Message, RoomEvent } from '../protocol.ts'
import type { Room } from '../rooms/room.ts'
import { LiveFile, type LiveHeader } from './live-file.ts'

/** Answers of agents to agents that one message of a person has led to. */
export interface Chain {
  spent: number
}

export interface ReplyPlan {
  readonly id: string
  /** As the room calls it. */
  readonly agent: string
  /** What it answers; undefined: it was poked. */
  readonly to: { readonly id: number; readonly hash: string } | undefined
  readonly chain: Chain
  /** The answer whose place it takes once it is there: another seed, and what its agent said later is not known to it. */
  readonly replaces: Pick<Message, 'id' | 'hash' | 'author'> | undefined
}

/** Why it ends before its model is done. `withdrawn`: what it answers has gone, and so has what it said. */
export type EndReason = 'stopped' | 'closing' | 'withdrawn'

/**
 * An answer on its way: what its readers have seen, and its file. Ended by whoever wrote it; afterwards it says nothing more.
 *
 * in line → waiting for the model → writing → ended
 */
export class Reply {
  readonly plan: ReplyPlan
  readonly #room: Room
  readonly #pause: () => number
  readonly #onFault: (error: unknown) => void
  readonly #abort = new AbortController()
  #state: 'in line' | 'waiting' | 'writing' | 'ended' = 'in line'
  /** What readers have, and what they are to have. */
  #sent = ''
  #text = ''
  #file: LiveFile | undefined
  #sending: NodeJS.Timeout | undefined
  #sentAt = -Infinity

  constructor(
    plan: ReplyPlan,
    options: { room: Room; pause: () => number; onFault: (error: unknown) => void },
  ) {
    this.plan = plan
    this.#room = options.room
    this.#pause = options.pause
    this.#onFault = options.onFault
  }

  get signal(): AbortSignal {
    return this.#abort.signal
  }

  get isInLine(): boolean {
    return this.#state === 'in line'
  }

  get isEnded(): boolean {
    return this.#state === 'ended'
  }

  get live(): LiveReply {
    const state = this.#state === 'writing' ? 'writing' : 'waiting'
    return { reply: this.plan.id, agent: this.plan.agent, text: this.#sent, state }
  }

  /** Its turn has come. */
  begin(folder: string, header: Omit<LiveHeader, 'agent' | 'room'>): void {
    this.#state = 'waiting'
    const { id, agent } = this.plan
    this.#guarded(() => {
      this.#file = new LiveFile(folder, id, { ...header, agent, room: this.#room.id })
    })
  }

  /** The room has another name, or another job is asked for the answer. */
  note(change: Partial<LiveHeader>): void {
    this.#guarded(() => this.#file?.rewrite(change))
  }

  /** All of it so far: more than before, or another text from somewhere on. */
  show(text: string): void {
    if (this.#state === 'ended' || text === this.#text) return
    this.#state = 'writing'
    this.#text = text
    const left = this.#sentAt + this.#pause() - performance.now()
    if (left <= 0) this.#send()
    else this.#sending ??= setTimeout(() => this.#send(), left)
  }

  end(reason: EndReason): void {
    this.#abort.abort(reason)
  }

  /** Nothing more is shown. What was is in its file until `forget`. */
  close(): void {
    clearTimeout(this.#sending)
    this.#state = 'ended'
  }

  /** It is in the room now, or nowhere. */
  forget(): void {
    this.#guarded(() => this.#file?.remove())
    // A rename of the room would bring it back.
    this.#file = undefined
  }

  /** For the next start. */
  leave(text: string): void {
    this.#guarded(() => this.#file?.write(text))
    this.#file?.close()
    this.#file = undefined
  }

  say(event: RoomEvent): void {
    this.#room.publish(event)
  }

  #send(): void {
    clearTimeout(this.#sending)
    this.#sending = undefined
    const at = sharedLength(this.#sent, this.#text)
    if (at === this.#text.length && at === this.#sent.length) return
    this.#sentAt = performance.now()
    this.#sent = this.#text
    // First: what somebody has read survives a kill.
    this.#guarded(() => this.#file?.write(this.#sent))
    this.say({ type: 'reply.delta', reply: this.plan.id, at, text: this.#text.slice(at) })
  }

  /** A full disk costs the file, not the answer. */
  #guarded(change: () => void): void {
    try {
      change()
    } catch (error) {
      this.#onFault(error)
      this.#file?.close()
      this.#file = undefined
    }
  }
}

function sharedLength(a: string, b: string): number {
  if (b.startsWith(a)) return a.length
  let at = 0
  while (at < a.length && at < b.length && a[at] === b[at]) at++
  return at
}
