/** Ends a message whose writer was interrupted, on a line of its own. */
export const interruptedMark = '[interrupted]'

/** What a message says to others: not what its author thought before, and not that it was interrupted. */
export function withoutThoughts(text: string): string {
  const words = text.replaceAll(/<think>[^]*?(?:<\/think>|$)/g, '')
  return words.endsWith(interruptedMark) ? words.slice(0, -interruptedMark.length) : words
}

/** What was written so far, as the message that it becomes when nothing more comes. */
export function interrupted(text: string): string {
  return `${closed(text)}\n${interruptedMark}`
}

/** Without an open end: thoughts that were not finished are closed. */
export function closed(text: string): string {
  const words = text.trimEnd()
  return words.lastIndexOf('<think>') > words.lastIndexOf('</think>') ? `${words}\n</think>` : words
}
