/**
 * `match`: each word as it is, or as the beginning of one; nothing that people type means anything to FTS5. `parts`: what is
 * of a script without spaces, where the index sees whole sentences as words; it is looked for in every text.
 */
export function termsOf(words: string): { match: string; parts: string[] } {
  const terms = words
    .normalize('NFC')
    .split(/\s+/)
    .filter(word => /[\p{L}\p{N}\p{Co}]/u.test(word))
    .slice(0, 20)
  const quoted = terms.filter(term => !unspaced.test(term)).map(quote)
  return { match: quoted.join(' '), parts: terms.filter(term => unspaced.test(term)) }
}

const unspaced =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u

function quote(term: string): string {
  return `"${term.replaceAll('"', '""').replaceAll('\0', '')}"*`
}

/** For LIKE, with a backslash as escape. */
export function anywhere(part: string): string {
  return `%${part.replace(/[\\%_]/g, String.raw`\$&`)}%`
}

/** A piece of the text, with U+0002 and U+0003 around the part. */
export function snippetOf(text: string, part: string): string {
  const at = text.toLowerCase().indexOf(part.toLowerCase())
  if (at === -1) return text.length > 80 ? `${text.slice(0, 80)}…` : text
  const [start, end] = [Math.max(0, at - 30), at + part.length]
  const after = text.slice(end, end + 30)
  const around = `${text.slice(start, at)}\u0002${text.slice(at, end)}\u0003${after}`
  return `${start > 0 ? '…' : ''}${around}${end + 30 < text.length ? '…' : ''}`.toWellFormed()
}
