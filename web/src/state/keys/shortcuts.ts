/** Where a shortcut holds; also the headings of the list, in its order. */
export const places = ['Everywhere', 'In a room', 'While writing', 'On a message'] as const
export type Place = (typeof places)[number]

export interface Shortcut {
  /** Any of them; as `keyOf` writes keys. */
  readonly keys: readonly string[]
  readonly place: Place
  readonly does: string
}

/**
 * All keys of the page: what listens and the list that `?` shows are both made of this, so they can't differ. Those of
 * "Everywhere" and "In a room" are heard by the shell, which calls back whoever has `onShortcut`; the others hold only where
 * the focus is, and are asked for there by `isShortcut`.
 */
export const shortcuts = {
  search: { keys: ['/', 'Ctrl K'], place: 'Everywhere', does: 'Search, or go to a room or page' },
  newRoom: { keys: ['N'], place: 'Everywhere', does: 'New room' },
  roomBefore: { keys: ['Alt ArrowUp', '['], place: 'Everywhere', does: 'Room before' },
  roomAfter: { keys: ['Alt ArrowDown', ']'], place: 'Everywhere', does: 'Room after' },
  help: { keys: ['?'], place: 'Everywhere', does: 'This list' },
  write: { keys: ['W'], place: 'In a room', does: 'Write a message' },
  messages: { keys: ['J'], place: 'In a room', does: 'Go through the messages' },
  roomSettings: { keys: [','], place: 'In a room', does: 'Settings of the room' },
  microphone: { keys: ['M'], place: 'In a room', does: 'Microphone on or off' },
  quiet: { keys: ['Escape'], place: 'In a room', does: 'Stop reading aloud and listening' },
  send: { keys: ['Enter'], place: 'While writing', does: 'Send' },
  newLine: { keys: ['Shift Enter'], place: 'While writing', does: 'New line' },
  editLast: {
    keys: ['ArrowUp'],
    place: 'While writing',
    does: 'Edit your last message, if nothing is written',
  },
  complete: { keys: ['Tab'], place: 'While writing', does: 'Take the name that @ offers' },
  leave: { keys: ['Escape'], place: 'While writing', does: 'Leave the field, or cancel an edit' },
  nextMessage: { keys: ['ArrowDown', 'J'], place: 'On a message', does: 'Next message' },
  previousMessage: { keys: ['ArrowUp', 'K'], place: 'On a message', does: 'Previous message' },
  copyMessage: { keys: ['C'], place: 'On a message', does: 'Copy' },
  editMessage: { keys: ['E'], place: 'On a message', does: 'Edit' },
  regenerate: { keys: ['R'], place: 'On a message', does: 'Answer anew' },
  speakMessage: { keys: ['S'], place: 'On a message', does: 'Read aloud' },
} as const satisfies Record<string, Shortcut>
export type ShortcutId = keyof typeof shortcuts

/**
 * What of a keyboard event matters here. `field`: what the focus is in; to others than texts (a choice, a date, a name) Alt with
 * an arrow means something.
 */
export interface KeyPress {
  readonly key: string
  readonly repeat: boolean
  readonly isComposing: boolean
  readonly ctrlKey: boolean
  readonly metaKey: boolean
  readonly altKey: boolean
  readonly shiftKey: boolean
  readonly field: 'none' | 'text' | 'other'
}

/** `N`, `Ctrl K`, `Alt ArrowUp`, `?`. The key of Apple's keyboards counts as Ctrl; Shift only where it makes no other character. */
export function keyOf({ key, ctrlKey, metaKey, altKey, shiftKey }: Omit<KeyPress, 'field'>): string {
  const isCharacter = /^.$/u.test(key)
  const parts = [
    ctrlKey || metaKey ? 'Ctrl' : '',
    altKey ? 'Alt' : '',
    shiftKey && !isCharacter ? 'Shift' : '',
  ]
  return [...parts, isCharacter ? key.toUpperCase() : key].filter(part => part !== '').join(' ')
}

/** What a key does wherever the focus is; undefined for most, and for all that belong to the browser or to a field. */
export function shortcutOf(press: KeyPress): ShortcutId | undefined {
  if (press.repeat || press.isComposing) return undefined
  const key = keyOf(press)
  const hasModifier = press.ctrlKey || press.metaKey || press.altKey
  if (press.field !== 'none' && !hasModifier) return undefined
  if (press.field === 'other' && press.altKey) return undefined
  return ids.find(id => {
    const { place, keys }: Shortcut = shortcuts[id]
    return (place === 'Everywhere' || place === 'In a room') && keys.includes(key)
  })
}

/** For what listens on its own element: whether this press is that shortcut. */
export function isShortcut(id: ShortcutId, press: Omit<KeyPress, 'field'>): boolean {
  const { keys }: Shortcut = shortcuts[id]
  return !press.isComposing && keys.includes(keyOf(press))
}

const ids = Object.keys(shortcuts) as ShortcutId[]

/** The list, by where they hold. */
export function listedShortcuts(): { place: Place; rows: Shortcut[] }[] {
  const all: readonly Shortcut[] = Object.values(shortcuts)
  return places.map(place => ({ place, rows: all.filter(row => row.place === place) }))
}

/** A key as it stands on the keyboard. */
export function keyInWords(key: string): string[] {
  const names: Record<string, string> = { ArrowUp: '↑', ArrowDown: '↓', Escape: 'Esc' }
  return key.split(' ').map(part => names[part] ?? part)
}

/** For `aria-keyshortcuts`. */
export function ariaKeys(id: ShortcutId): string {
  const { keys }: Shortcut = shortcuts[id]
  return keys.map(key => key.replace('Ctrl', 'Control').replaceAll(' ', '+')).join(' ')
}
