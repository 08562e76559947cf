import rehypeHighlight from 'rehype-highlight'
import rehypeKatex from 'rehype-katex'
import rehypeSanitize from 'rehype-sanitize'
import rehypeStringify from 'rehype-stringify'
import remarkGfm from 'remark-gfm'
import remarkMath from 'remark-math'
import remarkParse from 'remark-parse'
import remarkRehype from 'remark-rehype'
import { unified } from 'unified'
import { messageHash } from '../bb/hash.ts'
import { limits } from './limits.ts'
import { plainText } from './plain.ts'
import { boundCode, boundMath, outwardLinks, ownImages, safeLinks } from './rehype-plugins.ts'
import { breaks, dollars, htmlAsText } from './remark-plugins.ts'
import { schema } from './schema.ts'

const parser = unified().use(remarkParse).use(remarkGfm, { singleTilde: false }).use(remarkMath).freeze()

const renderer = unified()
  .use(ownImages)
  .use(safeLinks)
  // Before highlighting and formulas: what these make of it is theirs and is trusted, what people write is not.
  .use(rehypeSanitize, schema)
  .use(outwardLinks)
  .use(boundCode)
  .use(rehypeHighlight, { plainText: ['mermaid', 'math'] })
  .use(boundMath)
  .use(rehypeKatex, {
    output: 'mathml',
    trust: false,
    strict: 'ignore',
    maxSize: limits.formulaSizeEm,
    maxExpand: limits.formulaExpansions,
  })
  .use(rehypeStringify)
  .freeze()

/** Markdown as safe HTML. A text that is too long or nested too deep comes as it is, in a `<pre>`. */
export function markdownHtml(text: string): string {
  if (text.trim() === '') return ''
  if (text.length > limits.text || isDeep(text)) return plainText(text)
  try {
    const tree = parser.parse(text)
    htmlAsText(tree)
    dollars(tree, text)
    breaks(tree)
    // The ids of footnotes, which are unique in a page only with something of the message.
    const toHast = unified().use(remarkRehype, { clobberPrefix: `user-content-${messageHash(text)}-` })
    const html = toHast.runSync(tree)
    return renderer.stringify(renderer.runSync(html))
  } catch (error) {
    // All of these libraries go down a tree by recursion: what is nested too deep for the stack is not worth more.
    if (error instanceof RangeError) return plainText(text)
    throw error
  }
}

/** Quotes in quotes, lists in lists: each costs the parser all those around it, for every line. */
function isDeep(text: string): boolean {
  return deep.test(text)
}

const deep = new RegExp(String.raw`^(?:[ \t]*(?:>|[-*+]|\d{1,9}[.)])){${limits.containers}}`, 'm')
