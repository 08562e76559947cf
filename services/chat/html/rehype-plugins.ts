import { limits } from './limits.ts'
import { type Node, replaceNodes, type Tree } from './tree.ts'

/** An upload of ours, without a way out of its folder or a query. */
const ownFile = /^\/files\/[\w-]+(?:\.[\w-]+)*(?:\/(?!\.|%2e)[^/?#\\]+)?$/i

/** Pictures of our own are shown. Any other would tell its server who reads this and when, so it becomes a link. */
export const ownImages = () => (tree: Tree) =>
  replaceNodes(tree, node => {
    if (node.tagName !== 'img') return undefined
    const src = property(node, 'src')
    if (ownFile.test(src)) return undefined
    const text: Node = { type: 'text', value: property(node, 'alt') || src }
    return [{ type: 'element', tagName: 'a', properties: { href: src }, children: [text] }]
  })

/** Other schemes, places of this server, and links in links become what they say. */
export const safeLinks = () => (tree: Tree) =>
  replaceNodes(tree, node => {
    if (node.tagName !== 'a') return undefined
    // Children come first: those of a link inside of it are its own text.
    replaceNodes(node, inner => (inner.tagName === 'a' ? (inner.children ?? []) : undefined))
    const href = property(node, 'href')
    const isOurs = ownFile.test(href) || href.startsWith('#user-content-')
    return isOurs || outward.test(href) ? undefined : (node.children ?? [])
  })

const outward = /^(?:https?:\/\/|mailto:)/i

/** Whoever is linked to learns nothing of this page, and can't reach it. */
export const outwardLinks = () => (tree: Tree) =>
  replaceNodes(tree, node => {
    if (node.tagName !== 'a' || node.properties === undefined) return undefined
    if (property(node, 'href').startsWith('#')) return undefined
    Object.assign(node.properties, { target: '_blank', rel: ['noopener', 'noreferrer', 'nofollow'] })
    return undefined
  })

/** Beyond so much code, or with a line that is too long, it stays without colours. */
export const boundCode = () => (tree: Tree) => {
  let left: number = limits.highlighted
  replaceNodes(tree, (node, parent) => {
    if (node.tagName !== 'code' || parent.tagName !== 'pre' || node.properties === undefined) return undefined
    const text = textOf(node)
    left -= text.length
    const isLong = text.split('\n').some(line => line.length > limits.codeLine)
    if (left < 0 || isLong) node.properties['className'] = ['no-highlight']
    return undefined
  })
}

/** Beyond so many formulas, or for one that is too long, its source is shown. */
export const boundMath = () => (tree: Tree) => {
  let left: number = limits.formulas
  replaceNodes(tree, node => {
    const names = node.properties?.['className']
    if (!Array.isArray(names) || !names.some(name => formulas.has(String(name)))) return undefined
    if (--left < 0 || textOf(node).length > limits.formulaLength) delete node.properties?.['className']
    return undefined
  })
}

const formulas = new Set(['language-math', 'math-inline', 'math-display'])

function textOf(node: Node): string {
  return (node.value ?? '') + (node.children ?? []).map(textOf).join('')
}

function property({ properties }: Node, name: string): string {
  const value = properties?.[name]
  return typeof value === 'string' ? value : ''
}
