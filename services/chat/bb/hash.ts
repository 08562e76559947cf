import { hash } from 'node:crypto'

/** Names a message's text in 8 hex digits: SHA-256 over the text without trailing white space, and one newline. */
export function messageHash(text: string): string {
  return hash('sha256', text.trimEnd() + '\n').slice(0, 8)
}
