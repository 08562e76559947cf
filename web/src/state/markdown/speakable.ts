import { parseMarkdown } from './parse.ts'
import { answerOf } from './thoughts.ts'
import { textOf, type Node } from './tree.ts'

/** What is read aloud of a message: sentences, without code, formulas, addresses and thoughts. */
export function speakable(text: string): string {
  return blocks(parseMarkdown(answerOf(text)).children)
    .map(line =>
      line
        .replaceAll(/\s+/g, ' ')
        .replaceAll(/ ([.,;:!?])/g, '$1')
        .trim(),
    )
    .filter(line => /[\p{L}\p{N}]/u.test(line))
    .map(sentence)
    .join('\n')
}

/** A voice pauses at the end of a sentence, and a heading or a point of a list has none. */
function sentence(line: string): string {
  return /[.!?…:;。！？]["'”’)]*$/.test(line) ? line : `${line}.`
}

function blocks(nodes: readonly Node[]): string[] {
  return nodes.flatMap(node => {
    const children = node.children ?? []
    switch (node.type) {
      case 'paragraph':
      case 'heading':
        return lines(children)
      case 'blockquote':
      case 'list':
      case 'listItem':
      case 'table':
        return blocks(children)
      case 'tableRow':
        return [children.map(cell => inline(cell.children ?? [])).join(', ')]
      default:
        return []
    }
  })
}

/** A new line in a chat ends a sentence. */
function lines(nodes: readonly Node[]): string[] {
  return inline(nodes).split('\n')
}

function inline(nodes: readonly Node[]): string {
  return nodes.map(node => spoken(node)).join('')
}

function spoken(node: Node): string {
  switch (node.type) {
    case 'text':
      return (node.value ?? '').replaceAll(address, '')
    case 'inlineCode':
      return node.value ?? ''
    case 'break':
      return '\n'
    case 'image':
      return isFileName(node.alt ?? '') ? '' : (node.alt ?? '')
    case 'inlineMath':
    case 'footnoteReference':
      return ''
    case 'link':
      return isFileName(textOf(node)) ? '' : inline(node.children ?? [])
    default:
      return inline(node.children ?? [])
  }
}

const address = /(?:https?:\/\/|www\.)\S*[^\s.,;:!?)\]]/g

/** Uploads have the file's name as their words. */
function isFileName(text: string): boolean {
  return /^\S*\.\w{2,4}$/.test(text)
}
