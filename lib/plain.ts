/** What somebody else wrote, safe for a terminal: no control characters. */
export function plain(text: string): string {
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, '?')
}

/** The same of a text whose lines and tabs are wanted. */
export function plainLines(text: string): string {
  return text.replaceAll(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '?')
}
