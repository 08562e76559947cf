import { useSyncExternalStore } from 'react'
import type { Store } from '../../state/store.ts'

/** A store's state; with `pick` a part of it, which has to keep its identity while it stays the same. */
export function useStore<State, Part = State>(
  store: Pick<Store<State, never>, 'get' | 'subscribe'>,
  pick: (state: State) => Part = state => state as unknown as Part,
): Part {
  return useSyncExternalStore(store.subscribe, () => pick(store.get()))
}
