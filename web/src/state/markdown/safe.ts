import { sanitize } from 'hast-util-sanitize'
import { toHast } from 'mdast-util-to-hast'
import { addressOf } from './addresses.ts'
import { schema } from './schema.ts'
import { replaceNodes, type Node, type Tree } from './tree.ts'

/**
 * The elements that blocks of a message become; all that comes after (colours, formulas, diagrams) starts from these.
 * `message`: something that is this message's alone, for the ids of its footnotes.
 */
export function safeTree(blocks: readonly Node[], message: string): Tree {
  const root = { type: 'root' as const, children: blocks as [] }
  const tree = toHast(root, { clobberPrefix: `user-content-${message}-` })
  checkLinks(tree)
  return sanitize(tree, schema)
}

/** Other schemes, places of this server, and links in links become what they say; so do pictures that are nowhere. */
function checkLinks(tree: Tree): void {
  replaceNodes(tree, node => {
    // Half of what a kept tree takes.
    delete node.position
    if (node.tagName === 'img') {
      const src = property(node, 'src')
      const to = addressOf(src)?.to
      if (to === 'file' || (to === 'away' && !/^mailto:/i.test(src))) return undefined
      return [{ type: 'text', value: property(node, 'alt') || src }]
    }
    if (node.tagName !== 'a') return undefined
    // Children come first: those of a link inside of it are its own text.
    replaceNodes(node, inner => (inner.tagName === 'a' ? (inner.children ?? []) : undefined))
    return addressOf(property(node, 'href')) === undefined ? (node.children ?? []) : undefined
  })
}

function property({ properties }: Node, name: string): string {
  const value = properties?.[name]
  return typeof value === 'string' ? value : ''
}
