import type { ApiProblem, Message } from '../../../../services/chat/protocol.ts'
import { problemOf } from '../api.ts'
import { createStore, type Store } from '../store.ts'

/** A message that is being changed. `old`: what is to be replaced. */
export interface Edit {
  readonly old: Message
  readonly text: string
  readonly isBusy: boolean
  readonly problem?: ApiProblem
}

type Edits = ReadonlyMap<number, Edit>

/** The edit boxes of an open room. What is typed lives here and not in the list, whose rows come and go with scrolling. */
export interface Editing {
  readonly store: Store<Edits, never>
  /** One that is open stays as it is, and only takes the focus. */
  open(message: Message): void
  type(id: number, text: string): void
  save(id: number): Promise<void>
  close(id: number): void
  /** True for the first box after `open`: one that is scrolled back into view takes the focus from nobody. */
  takeFocus(id: number): boolean
}

export function createEditing(
  messageAt: (id: number) => Message | undefined,
  put: (old: Message, text: string) => Promise<unknown>,
): Editing {
  const store = createStore<Edits, { id: number; edit: Edit | undefined }>(new Map(), change)
  let wantsFocus: number | undefined
  const close = (id: number): void => store.dispatch({ id, edit: undefined })
  return {
    store,
    close,
    open: message => {
      wantsFocus = message.id
      const open = store.get().get(message.id)
      const edit = open === undefined ? { old: message, text: message.text, isBusy: false } : { ...open }
      store.dispatch({ id: message.id, edit })
    },
    type: (id, text) => {
      const edit = store.get().get(id)
      if (edit !== undefined && !edit.isBusy) store.dispatch({ id, edit: { ...edit, text } })
    },
    save: async id => {
      const edit = store.get().get(id)
      if (edit === undefined || edit.isBusy || edit.text.trim() === '') return
      const { text } = edit
      // Who saves again after a conflict has seen what stands there by now, whenever it came.
      const old = (edit.problem?.code === 'conflict' ? messageAt(id) : undefined) ?? edit.old
      if (text === old.text) return close(id)
      store.dispatch({ id, edit: { old, text, isBusy: true } })
      try {
        await put(old, text)
        close(id)
      } catch (error) {
        store.dispatch({ id, edit: { old, text, isBusy: false } })
        store.dispatch({ id, edit: { old, text, isBusy: false, problem: problemOf(error) } })
      }
    },
    takeFocus: id => {
      const takes = wantsFocus === id
      if (takes) wantsFocus = undefined
      return takes
    },
  }
}

function change(edits: Edits, { id, edit }: { id: number; edit: Edit | undefined }): Edits {
  const next = new Map(edits)
  if (edit === undefined) next.delete(id)
  else next.set(id, edit)
  return next
}
