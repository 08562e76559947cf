import { createStore, type Store } from '../store.ts'

/** The composer asks the timeline to open that message for editing; each time another object. */
export const editRequest: Store<{ readonly id: number } | undefined, { readonly id: number } | undefined> =
  createStore<{ readonly id: number } | undefined, { readonly id: number } | undefined>(
    undefined,
    (_, request) => request,
  )

/** The timeline answers with `editRequest.dispatch(undefined)` when it has taken it. */
export function requestEdit(id: number): void {
  editRequest.dispatch({ id })
}
