import { type Node, replaceNodes, type Tree } from './tree.ts'

const phrasing = new Set([
  'paragraph',
  'heading',
  'emphasis',
  'strong',
  'delete',
  'link',
  'linkReference',
  'tableCell',
])

/** People paste code, so tags are shown and not dropped, let alone obeyed. */
export function htmlAsText(tree: Tree): void {
  replaceNodes(tree, (node, parent) => {
    if (node.type !== 'html') return undefined
    const text: Node = { type: 'text', value: node.value ?? '' }
    return [phrasing.has(parent.type) ? text : { type: 'paragraph', children: [text] }]
  })
}

/** "$5 and $6" are prices: a formula begins and ends at something, and no digit follows it. */
export function dollars(tree: Tree, source: string): void {
  replaceNodes(tree, node => {
    if (node.type !== 'inlineMath') return undefined
    const from = node.position?.start.offset ?? 0
    const to = node.position?.end.offset ?? 0
    const written = source.slice(from, to)
    const isFormula =
      written.startsWith('$$') || (/^\$\S(?:.*\S)?\$$/s.test(written) && !/\d/.test(source[to] ?? ''))
    return isFormula ? undefined : [{ type: 'text', value: written }]
  })
}

/** A new line in a chat is meant as one. */
export function breaks(tree: Tree): void {
  replaceNodes(tree, node => {
    if (node.type !== 'text' || !node.value?.includes('\n')) return undefined
    const [first = '', ...others] = node.value.split('\n')
    const rest = others.flatMap(value => [{ type: 'break' }, { type: 'text', value }])
    return [{ type: 'text', value: first }, ...rest]
  })
}
