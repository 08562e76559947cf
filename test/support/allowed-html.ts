import { type DefaultTreeAdapterTypes, parseFragment } from 'parse5'

type Node = DefaultTreeAdapterTypes.ChildNode

const words = (list: string): string[] => list.split(' ')

const mathElements = words(
  'math semantics annotation mrow mi mo mn mtext mspace mfrac msqrt mroot msub msup msubsup ' +
    'munder mover munderover mtable mtr mtd mstyle mpadded menclose mphantom',
)
const elements = new Set([
  ...words(
    'article header bdi div details summary p br hr blockquote pre code em strong del a img ' +
      'sup section h1 h2 h3 h4 h5 h6 ul ol li input table thead tbody tr th td span',
  ),
  ...mathElements,
])
/** What may stand in each; a pattern that all of the value has to match. */
const attributes: Readonly<Record<string, Readonly<Record<string, RegExp>>>> = {
  a: {
    href: /(?:https?:\/\/|mailto:).*|\/files\/[\w-]+(?:\/[^/?#\\]+)?|#user-content-[^"]*/is,
    rel: /noopener noreferrer nofollow/,
    target: /_blank/,
    title: /.*/s,
    id: /user-content-.*/s,
    'aria-label': /.*/s,
    'data-footnote-ref': /(?:)/,
    'data-footnote-backref': /(?:)/,
  },
  img: { src: /\/files\/[\w-]+(?:\/[^/?#\\]+)?/, alt: /.*/s, title: /.*/s },
  input: { type: /checkbox/, disabled: /(?:)/, checked: /(?:)/ },
  li: { id: /user-content-.*/s },
  section: { 'data-footnotes': /(?:)/ },
  div: { dir: /auto/ },
  ol: { start: /\d+/ },
  th: { align: /left|right|center/ },
  td: { align: /left|right|center/ },
  span: { title: /ParseError: .*/s, style: /color:#cc0000/ },
  annotation: { encoding: /application\/x-tex/ },
}
const mathAttribute =
  /^(?:xmlns|display|mathvariant|stretchy|fence|separator|lspace|rspace|mathcolor|mathbackground|mathsize|scriptlevel|displaystyle|linethickness|accent|accentunder|width|height|depth|voffset|minsize|maxsize|movablelimits|symmetric|form|rowspacing|columnspacing|columnalign|columnlines|rowlines|notation)$/
const mathValue = /^(?!.*(?:script|url|:\/\/.*xss))/is

/**
 * What of a rendered message a parser finds that does not belong there, as lines for a person: other elements and
 * attributes, other places that links lead to, anything outside of its one `<article>`.
 */
export function strangersIn(html: string): string[] {
  const strangers: string[] = []
  const { childNodes } = parseFragment(html)
  if (childNodes.length !== 1 || childNodes[0]?.nodeName !== 'article')
    strangers.push('more than one article')
  const walk = (node: Node): void => {
    if (node.nodeName === '#text') return
    if (!('tagName' in node)) {
      strangers.push(node.nodeName)
      return
    }
    if (!elements.has(node.tagName)) strangers.push(`<${node.tagName}>`)
    for (const { name, value } of node.attrs) {
      const pattern = name === 'class' ? /[\w +#.-]*/ : attributes[node.tagName]?.[name]
      const isRight = mathElements.includes(node.tagName)
        ? (mathAttribute.test(name) && mathValue.test(value)) || isWhole(pattern, value)
        : isWhole(pattern, value)
      if (!isRight) strangers.push(`<${node.tagName} ${name}=${JSON.stringify(value)}>`)
    }
    for (const child of node.childNodes) walk(child)
  }
  for (const node of childNodes) walk(node)
  return strangers
}

function isWhole(pattern: RegExp | undefined, value: string): boolean {
  return pattern !== undefined && new RegExp(`^(?:${pattern.source})$`, pattern.flags).test(value)
}
