import { createStore } from '../store.ts'

/** The one dialog of the shell that is open. */
export type ShellDialog =
  | { readonly type: 'none' }
  /** `room`: only in this one at first. */
  | { readonly type: 'search'; readonly room?: string }
  | { readonly type: 'newRoom' }
  | { readonly type: 'shortcuts' }
  | { readonly type: 'roomSettings'; readonly room: string }
  | { readonly type: 'sidebar' }

const none: ShellDialog = { type: 'none' }

export const shellDialog = createStore<ShellDialog, ShellDialog>(none, (_, dialog) => dialog)

export function openDialog(dialog: ShellDialog): void {
  shellDialog.dispatch(dialog)
}

export function closeDialog(): void {
  shellDialog.dispatch(none)
}
