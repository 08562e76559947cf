/** A token that says when it was said (`now()` of program.ts), about as long as a word. */
export function token(time: number): string {
  return `${time.toFixed(2)} `
}

/** When the tokens of a piece of text were said. */
export function timesOf(text: string): number[] {
  return text.split(' ').filter(Boolean).map(Number)
}
