import { keeper } from '../keeper.ts'
import { createStore, type Store } from '../store.ts'

/** What `localStorage` offers, as far as it is used here. */
export type Keeper = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>

/** What is being written in a room; survives a reload, a login and a crash. */
export type Draft = Store<string, string>

/** Of each person and room one for the page's life: what can't be sent comes back into it, also when nobody looks. */
export class Drafts {
  readonly #keeper: Keeper
  readonly #open = new Map<string, { readonly draft: Draft; key: string }>()

  constructor(keeper: Keeper) {
    this.#keeper = keeper
  }

  of(me: string, room: string): Draft {
    const key = keyOf(me, room)
    const known = this.#open.get(key)
    if (known !== undefined) return known.draft
    const draft = createStore(this.#keeper.getItem(key) ?? '', (_, text: string) => text)
    const one = { draft, key }
    draft.subscribe(() => this.#save(one.key, draft.get()))
    this.#open.set(key, one)
    return draft
  }

  /** A message that was not sent. */
  giveBack(me: string, room: string, text: string): void {
    const draft = this.of(me, room)
    draft.dispatch(restored(draft.get(), text))
  }

  /** The room has another name by now; whoever writes in the draft goes on. */
  move(me: string, from: string, to: string): void {
    const text = this.of(me, from).get()
    const one = this.#open.get(keyOf(me, from))
    // Said by the stream and by whoever renamed it: the second time there is nothing left.
    if (one === undefined || text === '') return
    const there = this.of(me, to).get()
    this.#save(one.key, '')
    this.#open.delete(one.key)
    one.key = keyOf(me, to)
    this.#open.set(one.key, one)
    this.#save(one.key, text)
    if (there !== '') one.draft.dispatch(restored(there, text))
  }

  #save(key: string, text: string): void {
    if (text === '') this.#keeper.removeItem(key)
    else this.#keeper.setItem(key, text)
  }
}

export const drafts = new Drafts(keeper)

function keyOf(me: string, room: string): string {
  return `courante.draft.${me}/${room}`
}

/** A message that was not sent comes back before what has been written since. */
export function restored(draft: string, text: string): string {
  return draft.trim() === '' ? text : `${text}\n\n${draft}`
}

/** What was said goes on where the draft ends. */
export function dictated(draft: string, words: string): string {
  return draft === '' || /\s$/.test(draft) ? draft + words : `${draft} ${words}`
}
