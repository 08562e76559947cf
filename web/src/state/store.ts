/** A state that changes only through its transition; the shape that React's `useSyncExternalStore` wants. */
export interface Store<State, Event> {
  readonly get: () => State
  readonly dispatch: (event: Event) => void
  /** Calls back after each change; returns what ends that. */
  readonly subscribe: (changed: () => void) => () => void
}

export function createStore<State, Event>(
  initial: State,
  transition: (state: State, event: Event) => State,
): Store<State, Event> {
  let state = initial
  const listeners = new Set<() => void>()
  return {
    get: () => state,
    dispatch: event => {
      const next = transition(state, event)
      if (Object.is(next, state)) return
      state = next
      for (const changed of listeners) changed()
    },
    subscribe: changed => {
      listeners.add(changed)
      return () => listeners.delete(changed)
    },
  }
}
