/** What a key means in the field of the composer; undefined: what it means in every field. */
export type FieldAction = 'send' | 'edit last' | 'leave' | 'take' | 'close' | 'next' | 'previous'

export interface FieldPress {
  readonly key: string
  readonly shiftKey: boolean
  readonly ctrlKey: boolean
  readonly metaKey: boolean
  readonly altKey: boolean
  readonly isComposing: boolean
  readonly keyCode: number
}

export function fieldAction(
  press: FieldPress,
  field: {
    readonly isEmpty: boolean
    /** Names are offered. */
    readonly offers: boolean
    /** A keyboard on glass: Enter makes a new line there, and the button sends. */
    readonly onGlass: boolean
  },
): FieldAction | undefined {
  // 229: the key belongs to an input method. Safari ends the composition before the keydown of the Enter that ended it, and
  // says so only by this code.
  if (press.isComposing || press.keyCode === 229) return undefined
  const isPlain = !press.shiftKey && !press.ctrlKey && !press.metaKey && !press.altKey
  if (field.offers && isPlain) {
    const offered = offers[press.key]
    if (offered !== undefined) return offered
  }
  if (press.key === 'Enter') {
    if (press.shiftKey || press.altKey) return undefined
    return field.onGlass && isPlain ? undefined : 'send'
  }
  if (!isPlain) return undefined
  if (press.key === 'ArrowUp' && field.isEmpty) return 'edit last'
  return press.key === 'Escape' ? 'leave' : undefined
}

const offers: Partial<Record<string, FieldAction>> = {
  Enter: 'take',
  Tab: 'take',
  Escape: 'close',
  ArrowDown: 'next',
  ArrowUp: 'previous',
}
