import { use, type ReactNode } from 'react'
import { textOf, type Node, type Tree } from '../../state/markdown/tree.ts'
import { Anchor } from './anchor.tsx'
import { CodeBlock } from './code-block.tsx'
import { Diagram } from './diagram.tsx'
import { Formula } from './formula.tsx'
import { Growing } from './growing.ts'
import { MessageId } from './message-id.ts'
import { Picture } from './picture.tsx'
import { Scrolling } from './scrolling.tsx'
import { toElements, type Components, type ElementProps } from './to-elements.ts'

/** React elements of a tree that was sanitised. */
export function elementsOf(tree: Tree): ReactNode {
  return toElements(tree, components)
}

// A message stands below a heading of the page, and its own headings below that. `dir`: each block in its own direction.
const components: Components = {
  h1: heading('h3', 1),
  h2: heading('h4', 2),
  h3: heading('h5', 3),
  h4: heading('h6', 4),
  h5: heading('h6', 4),
  h6: heading('h6', 4),
  p: ({ children, className }) => (
    <p dir="auto" className={className}>
      {children}
    </p>
  ),
  li: Item,
  ul: ({ children, className }) => (
    <ul dir="auto" className={className}>
      {children}
    </ul>
  ),
  ol: ({ children, className, start }) => (
    <ol dir="auto" className={className} start={start}>
      {children}
    </ol>
  ),
  blockquote: ({ children }) => <blockquote dir="auto">{children}</blockquote>,
  a: ({ href, id, title, children, 'aria-label': label }) => (
    <Anchor href={href} id={id} title={title} aria-label={label}>
      {children}
    </Anchor>
  ),
  img: ({ src, alt }) => <Picture src={src ?? ''} alt={alt ?? ''} />,
  table: ({ children }) => (
    <Scrolling className="table" label="Table">
      <table dir="auto">{children}</table>
    </Scrolling>
  ),
  input: ({ checked }) => (
    <input
      type="checkbox"
      disabled
      checked={checked ?? false}
      aria-label={checked === true ? 'Done' : 'To do'}
    />
  ),
  pre: ({ node }) => <Block code={node} />,
  code: ({ children, className }) =>
    className?.includes('math-') === true ? (
      <Formula source={plain(children)} display={className.includes('math-display')} />
    ) : (
      <code>{children}</code>
    ),
}

/** With an id it is a footnote. */
function Item({ children, className, id }: ElementProps) {
  const message = use(MessageId)
  return (
    <li className={className} id={id === undefined ? undefined : id + message}>
      {children}
    </li>
  )
}

function Block({ code }: { code: Node }) {
  const isGrowing = use(Growing)
  const inner = code.children?.[0] ?? { type: 'text' }
  const source = textOf(inner).replace(/\n$/, '')
  const names = inner.properties?.['className']
  const name = Array.isArray(names) ? names.map(String) : []
  if (name.includes('math-display')) return <Formula source={source} display />
  const language = name.find(each => each.startsWith('language-'))?.slice('language-'.length) ?? ''
  if (language === 'math') return <Formula source={source} display />
  if (language === 'mermaid' && !isGrowing) return <Diagram source={source} />
  return <CodeBlock code={source} language={language} />
}

function heading(Tag: 'h3' | 'h4' | 'h5' | 'h6', level: number) {
  return function Heading({ children, className }: ElementProps) {
    // The one that mdast-util-to-hast puts before footnotes.
    return (
      <Tag dir="auto" className={className === 'sr-only' ? 'unseen-text' : `heading-${level}`}>
        {children}
      </Tag>
    )
  }
}

function plain(children: ReactNode): string {
  return Array.isArray(children) ? children.map(plain).join('') : typeof children === 'string' ? children : ''
}
