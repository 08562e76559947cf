import { createStore } from './store.ts'

/** A short word at the edge of the window about something that was done or could not be done. Gone by itself. */
export interface Toast {
  readonly id: number
  readonly tone: 'plain' | 'bad'
  readonly text: string
}

type ToastEvent =
  | { readonly type: 'add'; readonly toast: Toast }
  | { readonly type: 'drop'; readonly id: number }

const shownMs = 6000
let last = 0

export const toasts = createStore<readonly Toast[], ToastEvent>([], (state, event) =>
  event.type === 'add' ? [...state, event.toast].slice(-3) : state.filter(({ id }) => id !== event.id),
)

export function toast(text: string, tone: Toast['tone'] = 'plain'): void {
  const id = ++last
  toasts.dispatch({ type: 'add', toast: { id, tone, text } })
  setTimeout(() => toasts.dispatch({ type: 'drop', id }), shownMs)
}
