import { microphoneKey } from './messages.ts'

/** What a key does on the page; undefined for most, and for all that belong to the browser or to a text field. */
export function shortcutOf(key: {
  readonly key: string
  readonly repeat: boolean
  readonly isComposing: boolean
  readonly ctrlKey: boolean
  readonly metaKey: boolean
  readonly altKey: boolean
  readonly inText: boolean
}): 'toggle' | 'off' | undefined {
  if (key.repeat || key.isComposing || key.ctrlKey || key.metaKey || key.altKey || key.inText)
    return undefined
  if (key.key.toUpperCase() === microphoneKey) return 'toggle'
  return key.key === 'Escape' ? 'off' : undefined
}
