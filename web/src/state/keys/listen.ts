import { shortcutOf, type KeyPress, type ShortcutId } from './shortcuts.ts'

/** false: there was nothing to do, and the key is the browser's. */
type Handler = () => boolean | void

const handlers = new Map<ShortcutId, Handler[]>()

/** Calls back when that shortcut is pressed; of several the last one that came. Returns what ends it. */
export function onShortcut(id: ShortcutId, handler: Handler): () => void {
  handlers.set(id, [...(handlers.get(id) ?? []), handler])
  return () =>
    handlers.set(
      id,
      (handlers.get(id) ?? []).filter(other => other !== handler),
    )
}

/**
 * Hears the keys of the whole page. Nothing while a menu or a dialog is open: what is behind it is out of reach, and Escape is
 * the browser's, which closes it.
 */
export function listenToKeys(signal: AbortSignal): void {
  window.addEventListener(
    'keydown',
    event => {
      if (event.defaultPrevented || document.querySelector(':popover-open, dialog:modal') !== null) return
      const { key, repeat, isComposing, ctrlKey, metaKey, altKey, shiftKey } = event
      const id = shortcutOf({
        key,
        repeat,
        isComposing: isComposing || event.keyCode === 229,
        ctrlKey,
        metaKey,
        altKey,
        shiftKey,
        field: fieldAt(event.target),
      })
      const handler = id === undefined ? undefined : handlers.get(id)?.at(-1)
      if (handler !== undefined && handler() !== false) event.preventDefault()
    },
    { signal },
  )
}

function fieldAt(target: EventTarget | null): KeyPress['field'] {
  if (!(target instanceof HTMLElement)) return 'none'
  if (target.isContentEditable || target.matches('textarea')) return 'text'
  return target.matches('select, input:not([type=checkbox], [type=radio])') ? 'other' : 'none'
}
