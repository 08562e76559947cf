/**
 * What a key in the search's field does to the list below: the number of the line that is chosen next, or `take` the chosen
 * one. `nothing`: the browser mustn't have it either. undefined: it is the field's.
 */
export function listKey(
  press: {
    readonly key: string
    readonly ctrlKey: boolean
    readonly metaKey: boolean
    readonly isComposing: boolean
    readonly keyCode: number
  },
  at: number,
  count: number,
): number | 'take' | 'nothing' | undefined {
  // 229: Safari ends a composition before the key that ended it.
  if (press.isComposing || press.keyCode === 229) return undefined
  const last = Math.max(count - 1, 0)
  const now = Math.min(at, last)
  const to = {
    ArrowDown: now === last ? 0 : now + 1,
    ArrowUp: now === 0 ? last : now - 1,
    PageDown: Math.min(now + 8, last),
    PageUp: Math.max(now - 8, 0),
  }[press.key]
  if (to !== undefined) return to
  if (press.key === 'Enter') return count > 0 ? 'take' : undefined
  return press.key.toLowerCase() === 'k' && (press.ctrlKey || press.metaKey) ? 'nothing' : undefined
}
