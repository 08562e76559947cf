/** Text of a model or a file for a terminal, which would take what is left out here for commands. */
export function visible(text: string): string {
  return text.replace(/[[\p{Cc}]--[\n\t]]/gv, '')
}

/** On one line. */
export function oneLine(text: string): string {
  return text.replace(/[\s\p{Cc}\u2028\u2029]+/gu, ' ').trim()
}
