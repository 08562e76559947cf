import { parseMarkdown } from './parse.ts'
import { answerOf } from './thoughts.ts'
import type { Node } from './tree.ts'

/** The beginning of a message as one line without marks, of at most so many characters: for notices and the live region. */
export function summaryOf(text: string, most: number): string {
  // A mark may begin before the end of what is wanted and end behind it.
  const beginning = answerOf(text).slice(0, most * 2 + 200)
  const words = plain(parseMarkdown(beginning).children).replaceAll(/\s+/g, ' ').trim()
  if (words.length <= most) return words
  // Not through the middle of a character.
  const cut = words.slice(0, most - 1).replace(/[\ud800-\udbff]$/, '')
  const space = cut.lastIndexOf(' ')
  return `${space > most / 2 ? cut.slice(0, space) : cut}…`
}

function plain(nodes: readonly Node[]): string {
  return nodes.map(node => wordsOf(node)).join('')
}

function wordsOf(node: Node): string {
  switch (node.type) {
    case 'image':
      return node.alt || 'Picture'
    case 'thematicBreak':
    case 'definition':
    case 'footnoteReference':
      return ' '
    case 'break':
      return ' '
    case 'paragraph':
    case 'heading':
    case 'tableCell':
      return `${plain(node.children ?? [])} `
    case 'code':
    case 'math':
      return `${node.value ?? ''} `
    default:
      return node.children === undefined ? (node.value ?? '') : plain(node.children)
  }
}
