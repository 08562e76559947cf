import { createStore, type Store } from '../store.ts'

/** What `localStorage` offers, as far as it is used here. */
export type Keeper = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>

/** The draft of a room, kept as it is written. */
export function openDraft(keeper: Keeper, room: string): Store<string, string> {
  const store = createStore(loadDraft(keeper, room), (_, text: string) => text)
  store.subscribe(() => saveDraft(keeper, room, store.get()))
  return store
}

/** What was being written in a room; survives a reload, a login and a crash. */
export function loadDraft(keeper: Keeper, room: string): string {
  return attempt(() => keeper.getItem(keyOf(room))) ?? ''
}

export function saveDraft(keeper: Keeper, room: string, text: string): void {
  attempt(() => {
    if (text === '') keeper.removeItem(keyOf(room))
    else keeper.setItem(keyOf(room), text)
  })
}

function keyOf(room: string): string {
  return `courante.draft.${room}`
}

/** A browser that is full or keeps nothing throws; then the draft lives as long as the page. */
function attempt<T>(access: () => T): T | undefined {
  try {
    return access()
  } catch (error) {
    if (error instanceof DOMException) return undefined
    throw error
  }
}

/** A message that was not sent comes back before what has been written since. */
export function restored(draft: string, text: string): string {
  return draft.trim() === '' ? text : `${text}\n\n${draft}`
}

/** What was said goes on where the draft ends. */
export function dictated(draft: string, words: string): string {
  return draft === '' || /\s$/.test(draft) ? draft + words : `${draft} ${words}`
}
