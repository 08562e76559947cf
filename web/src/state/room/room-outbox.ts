import type { ApiProblem } from '../../../../services/chat/protocol.ts'
import { newKey, Outbox, type Post } from './outbox.ts'
import type { RoomAction } from './reduce.ts'
import type { Unsent, UnsentPosts } from './unsent.ts'

/** What a view of the room shows of it. */
export type OutboxNews = Extract<
  RoomAction,
  { readonly type: 'posting' | 'posted' | 'post.failed' | 'discarded' }
>

export interface RoomOutboxOptions {
  readonly send: (room: string, post: Post, signal: AbortSignal) => Promise<{ id: number }>
  /** It won't be sent, and goes back to where it was written. */
  readonly giveBack: (room: string, text: string) => void
  /** A refusal while no view of the room is open. */
  readonly onUnseen: (room: string, problem: ApiProblem) => void
}

/** One person's posts to one room. Belongs to the page and not to a view: it goes on when the room is left. */
export class RoomOutbox {
  #room: string
  readonly #kept: UnsentPosts
  readonly #options: RoomOutboxOptions
  readonly #outbox: Outbox
  readonly #listeners = new Set<(news: OutboxNews) => void>()
  #posts: readonly Unsent[] = []

  constructor(room: string, kept: UnsentPosts, options: RoomOutboxOptions) {
    this.#room = room
    this.#kept = kept
    this.#options = options
    this.#outbox = new Outbox({
      send: (post, signal) => options.send(this.#room, post, signal),
      onSent: ({ key }, id) => {
        this.#forget(key)
        this.#tell({ type: 'posted', key, id })
      },
      onRefused: ({ key, text }, problem) => {
        this.#put({ key, text, room: this.#room, problem })
        this.#tell({ type: 'post.failed', key, text, problem })
        if (this.#listeners.size === 0) options.onUnseen(this.#room, problem)
      },
    })
    for (const post of kept.all()) if (post.room === room) this.#take(post)
  }

  /** Tells what is unsent, and then what becomes of it. Returns what ends that. */
  listen(listener: (news: OutboxNews) => void): () => void {
    for (const { key, text, problem } of this.#posts)
      listener(
        problem === undefined ? { type: 'posting', key, text } : { type: 'post.failed', key, text, problem },
      )
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  post(text: string): void {
    this.#begin({ key: newKey(), text })
  }

  /** One that was refused. */
  again(key: string): void {
    const post = this.#posts.find(post => post.key === key)
    if (post?.problem !== undefined) this.#begin({ key, text: post.text })
  }

  discard(key: string): void {
    const post = this.#posts.find(post => post.key === key)
    if (post === undefined) return
    this.#outbox.drop(key)
    this.#forget(key)
    this.#tell({ type: 'discarded', key })
    this.#options.giveBack(this.#room, post.text)
  }

  /** Nothing can be said here any more. */
  giveAllBack(): void {
    for (const { key } of this.#posts.toReversed()) this.discard(key)
  }

  /** The room has another name by now. */
  move(to: string): void {
    this.#room = to
    for (const post of this.#posts) this.#put({ ...post, room: to })
  }

  retry(): void {
    this.#outbox.retry()
  }

  hold(): void {
    this.#outbox.hold()
  }

  resume(): void {
    this.#outbox.resume()
  }

  #begin(post: Post): void {
    this.#put({ ...post, room: this.#room })
    this.#tell({ type: 'posting', ...post })
    this.#outbox.add(post)
  }

  /** From before a reload. */
  #take(post: Unsent): void {
    this.#posts = [...this.#posts, post]
    if (post.problem === undefined) this.#outbox.add({ key: post.key, text: post.text })
  }

  #put(post: Unsent): void {
    const at = this.#posts.findIndex(({ key }) => key === post.key)
    this.#posts = at === -1 ? [...this.#posts, post] : this.#posts.with(at, post)
    this.#kept.keep(post)
  }

  #forget(key: string): void {
    this.#posts = this.#posts.filter(post => post.key !== key)
    this.#kept.forget(key)
  }

  #tell(news: OutboxNews): void {
    for (const listener of this.#listeners) listener(news)
  }
}
