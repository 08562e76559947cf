import type { ApiProblem } from '../../../../services/chat/protocol.ts'
import type { Keeper } from '../composer/drafts.ts'
import type { Post } from './outbox.ts'

/** A post that is not in its room yet. `problem`: it was refused, and waits for what its author does about it. */
export interface Unsent extends Post {
  readonly room: string
  readonly problem?: ApiProblem
}

/**
 * What somebody has left unsent, kept in the browser, so that a reload goes on with the same keys. Changed one post at a time,
 * since other tabs write there, too.
 */
export class UnsentPosts {
  readonly #keeper: Keeper
  readonly #key: string

  constructor(keeper: Keeper, me: string) {
    this.#keeper = keeper
    this.#key = `courante.unsent.${me}`
  }

  all(): Unsent[] {
    try {
      const value: unknown = JSON.parse(this.#keeper.getItem(this.#key) ?? '[]')
      return Array.isArray(value) ? value.filter(isUnsent) : []
    } catch (error) {
      // Of another hand.
      if (error instanceof SyntaxError) return []
      throw error
    }
  }

  keep(post: Unsent): void {
    const all = this.all()
    const at = all.findIndex(({ key }) => key === post.key)
    this.#save(at === -1 ? [...all, post] : all.with(at, post))
  }

  forget(key: string): void {
    this.#save(this.all().filter(post => post.key !== key))
  }

  #save(posts: readonly Unsent[]): void {
    if (posts.length === 0) this.#keeper.removeItem(this.#key)
    else this.#keeper.setItem(this.#key, JSON.stringify(posts))
  }
}

function isUnsent(value: unknown): value is Unsent {
  if (typeof value !== 'object' || value === null) return false
  const { room, key, text } = value as Record<string, unknown>
  return [room, key, text].every(part => typeof part === 'string')
}
