import { shortcutOf, type ShortcutId } from './shortcuts.ts'

const handlers = new Map<ShortcutId, (() => void)[]>()

/** Calls back when that shortcut is pressed; of several the last one that came. Returns what ends it. */
export function onShortcut(id: ShortcutId, handler: () => void): () => void {
  handlers.set(id, [...(handlers.get(id) ?? []), handler])
  return () =>
    handlers.set(
      id,
      (handlers.get(id) ?? []).filter(other => other !== handler),
    )
}

/** Hears the keys of the whole page. Nothing while a modal dialog is open: what is behind it is out of reach. */
export function listenToKeys(signal: AbortSignal): void {
  window.addEventListener(
    'keydown',
    event => {
      if (event.defaultPrevented || document.querySelector('dialog:modal') !== null) return
      const { key, repeat, isComposing, ctrlKey, metaKey, altKey, shiftKey } = event
      const id = shortcutOf({
        key,
        repeat,
        isComposing: isComposing || event.keyCode === 229,
        ctrlKey,
        metaKey,
        altKey,
        shiftKey,
        inText: isField(event.target),
      })
      const handler = id === undefined ? undefined : handlers.get(id)?.at(-1)
      if (handler === undefined) return
      event.preventDefault()
      handler()
    },
    { signal },
  )
}

function isField(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || target.matches('textarea, select, input:not([type=checkbox], [type=radio])'))
  )
}
