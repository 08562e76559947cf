/**
 * A message's text as it is stored and as it is read, which is the same: lines end with \n, no line ends with white space,
 * no blank line at the end, no control character but tab and newline (they would command the terminal of whoever reads the
 * file). U+2028 and U+0085 are text. What begins with blank lines keeps them. Idempotent.
 */
export function normalText(text: string): string {
  let normal = text.isWellFormed() ? text : text.toWellFormed()
  if (controls.test(normal)) normal = normal.replace(/\r\n?/g, '\n').replace(otherControls, '')
  if (lineEnd.test(normal)) normal = normal.replace(lineEnds, '')
  // Not /\n+$/, which takes quadratic time on many newlines before the end.
  let end = normal.length
  while (end > 0 && normal.charCodeAt(end - 1) === 10) end--
  return normal.slice(0, end)
}

/**
 * Narrative stands in the file without a label, so its first line must neither look like one nor like a continuation:
 * there a tab becomes a space.
 */
export function normalNarrative(text: string): string {
  // Blank lines before it would be nobody's.
  const normal = normalText(text).replace(/^[\t\n ]+/, '')
  const newline = normal.indexOf('\n')
  const first = newline === -1 ? normal : normal.slice(0, newline)
  const tab = first.indexOf('\t')
  if (tab <= 0 || first[tab - 1] !== ':') return normal
  // All of them: `a:\tb:\tc` would become a label again.
  return first.replaceAll('\t', ' ') + normal.slice(first.length)
}

/** A label as it is read; a byte order mark at the file's start is no part of it. */
export function normalLabel(label: string): string {
  return label.replace(unseen, '')
}

const controls = /[\x00-\x08\x0b-\x1f\x7f]/
const otherControls = /[\x00-\x08\x0b-\x1f\x7f]+/g
const unseen = /^[\x00-\x1f\x7f\uFEFF]+|[\x00-\x1f\x7f]+/g
const lineEnd = /[ \t](?:\n|$)/
// The look-behind keeps a line of many spaces inside a text from being tried at each of them.
const lineEnds = /(?<![ \t])[ \t]+(?=\n|$)/g
