import { normalNarrative, normalText } from './normal.ts'

/**
 * The bytes of one message, its closing empty line included. Whatever the text is, it is read as exactly one message by
 * this author, with `normalText(text)`. The label has to have passed isLabel, or to come from a parser. Narrative without
 * any text is nothing.
 */
export function writeBb(author: string | null, text: string): string {
  if (author === null) return writeNarrative(normalNarrative(text))
  return `${author}:\t${normalText(text).replaceAll('\n', '\n\t')}\n\n`
}

function writeNarrative(text: string): string {
  if (text === '') return ''
  const [first = '', ...rest] = text.split('\n')
  const lines = rest.map(line => (line === '' || line.includes('\t') ? `\t${line}` : line))
  return [first, ...lines, '', ''].join('\n')
}

/** Whether it can be a message's label: no control characters, nothing that turns the text's direction, no colon at its end. */
export function isLabel(name: string): boolean {
  return name.length <= 200 && name.isWellFormed() && label.test(name)
}

const label =
  /^(?![\s\uFEFF])[^\p{Cc}\p{Zl}\p{Zp}\u200E\u200F\u202A-\u202E\u2066-\u2069]*[^\s:\p{Cc}\uFEFF]$/u
