/** A message's text as Markdown. `growing`: more of it comes, many times a second; only its end is parsed again. */
export function MessageBody(_: { text: string; growing?: boolean }) {
  return null
}
