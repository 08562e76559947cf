/** From the start of a line counted from 1, or so many last ones. */
export type Range = { readonly from: number } | { readonly last: number }

/** `5` or `+5`, as `tail -n` has it. */
export function rangeOf(text: string): Range | undefined {
  const match = /^([+-]?)(\d{1,15})$/.exec(text)
  if (match === null) return undefined
  const number = Number(match[2])
  return match[1] === '+' ? { from: Math.max(1, number) } : { last: number }
}
