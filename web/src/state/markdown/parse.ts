import { fromMarkdown, type Options } from 'mdast-util-from-markdown'
import { gfmFromMarkdown } from 'mdast-util-gfm'
import { mathFromMarkdown } from 'mdast-util-math'
import { gfm } from 'micromark-extension-gfm'
import { math } from 'micromark-extension-math'
import { deadline, inTime } from './deadline.ts'
import { limits } from './limits.ts'
import { mathText } from './math-text.ts'
import { replaceNodes, type Node } from './tree.ts'
import { isUnwieldy, weightOf, type Weight } from './weight.ts'

/** Markdown as a syntax tree, in which tags are text and a new line is one. What would cost too much is one text, as typed. `allowance`: how much it may become. */
export function parseMarkdown(text: string, allowance: Weight = limits): Root {
  if (allowance.nodes <= 0 || isCostly(text)) return asItIs(text)
  try {
    const tree = inTime(() => fromMarkdown(text, options) as Root)
    if (tree === undefined || isUnwieldy(tree)) return asItIs(text)
    htmlAsText(tree)
    boundFormulas(tree, text, allowance.formulas)
    displayedMath(tree, text)
    breaks(tree)
    return weightOf(tree).nodes > allowance.nodes ? asItIs(text) : tree
  } catch (error) {
    // The parser itself goes down by recursion; what is nested too deep for the stack is not worth more.
    if (error instanceof RangeError) return asItIs(text)
    throw error
  }
}

type Root = Node & { children: Node[] }

// What remark-parse, remark-gfm and remark-math are made of, without their way back to text, which is half of the size.
const options = {
  extensions: [gfm({ singleTilde: false }), math({ singleDollarTextMath: false }), mathText, deadline],
  mdastExtensions: [gfmFromMarkdown(), mathFromMarkdown()],
} as unknown as Options

/** Texts that would take the parser seconds: nested too deep, or with too many underlines, or marks in one paragraph. */
function isCostly(text: string): boolean {
  if (deep.test(text)) return true
  // Code may have as many as it likes; but what looks like code inside of a tag's block is none.
  const prose = tagBlock.test(text) ? text : text.replaceAll(fenced, '')
  if (countOf(underline, prose) > limits.underlines || listsInLine(prose) > limits.listsInLine) return true
  return prose.split(/\n[ \t]*\n/).some(block => countMarks(block) > limits.marks)
}

const tagBlock = /^ {0,3}<(?:!|\?|script|pre|style|textarea)/im
// `(?!…)`: or a long row of them would be tried at each of its lengths.
const fenced = /^(`{3,}(?!`)|~{3,}(?!~))[^`\n]*\n[^]*?(?:^\1|(?![^]))/gm

const deep = new RegExp(String.raw`^(?:[ \t]*(?:>|[-*+]|\d{1,9}[.)])){${limits.containers}}`, 'm')

function countMarks(block: string): number {
  if (block.length <= limits.marks) return 0
  return countOf(/[*_~[\]`!]/g, block)
}

/** Not after an empty line, where the same is a rule. */
const underline = /(?<=[^\n]\n)[ \t>]*(?:-+|=+)[ \t]*$/gm

function listsInLine(text: string): number {
  let count = 0
  for (const [markers] of text.matchAll(containers))
    count += countOf(/[-*+.)]/g, markers.replace(firstMarker, ''))
  return count
}

const containers = /^(?:[ \t]*(?:>|[-*+]|\d{1,9}[.)])(?=[ \t]|$)){2,}/gm
const firstMarker = /^[ \t]*(?:>|[-*+]|\d+[.)])/

function countOf(pattern: RegExp, text: string): number {
  let count = 0
  for (const _ of text.matchAll(pattern)) count++
  return count
}

/** In one element, whose new lines are shown: thousands of lines would be as many elements. */
function asItIs(text: string): Root {
  const data = { hProperties: { className: ['as-typed'] } }
  return { type: 'root', children: [{ type: 'paragraph', data, children: [plainly(text)] }] }
}

function plainly(value: string): Node {
  return { type: 'text', value }
}

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
function htmlAsText(tree: Node): void {
  replaceNodes(tree, (node, parent) => {
    if (node.type !== 'html') return undefined
    const text = plainly(node.value ?? '')
    if (phrasing.has(parent.type)) return [text]
    return [{ type: 'paragraph', children: [text], position: node.position }]
  })
}

/** Those beyond are shown as they were typed. */
function boundFormulas(tree: Node, source: string, most: number): void {
  let left = most
  replaceNodes(tree, (node, parent) => {
    if ((node.type !== 'inlineMath' && node.type !== 'math') || --left >= 0) return undefined
    const text = plainly(source.slice(node.position?.start.offset, node.position?.end.offset))
    return [
      phrasing.has(parent.type) ? text : { type: 'paragraph', children: [text], position: node.position },
    ]
  })
}

/** `\[…\]` anywhere, and `$$…$$` that is all of a paragraph, stand on a line of their own. */
function displayedMath(tree: Node, source: string): void {
  replaceNodes(tree, (node, parent) => {
    if (node.type !== 'inlineMath') return undefined
    const at = node.position?.start.offset ?? 0
    const opening = source.slice(at, at + 2)
    if (opening === '\\(' || opening === '\\[') node.value = unclosed(node)
    const isAlone = parent.type === 'paragraph' && parent.children?.length === 1
    if (opening === '\\[' || (opening === '$$' && isAlone))
      node.data = { ...node.data, hProperties: { className: ['language-math', 'math-display'] } }
    return undefined
  })
}

/** The tokenizer leaves the end's two characters in the formula. */
function unclosed(node: Node): string {
  const value = (node.value ?? '').replace(/\\[)\]]$/, '').trim()
  const data = node.data as { hChildren?: Node[] } | undefined
  const child = data?.hChildren?.[0]
  if (child !== undefined) child.value = value
  return value
}

/** A new line in a chat is meant as one. */
function breaks(tree: Node): void {
  replaceNodes(tree, node => {
    if (node.type !== 'text' || !node.value?.includes('\n')) return undefined
    const [first = '', ...others] = node.value.split('\n')
    const rest = others.flatMap(value => [{ type: 'break' }, plainly(value)])
    return [plainly(first), ...rest]
  })
}
