import type { Schema } from 'hast-util-sanitize'

/**
 * What a message may hold. Ids come from footnotes alone, with the prefix that mdast-util-to-hast gave them. The same as the
 * server's in services/chat/html/schema.ts, which this page may not import, and links into rooms.
 */
export const schema: Schema = {
  tagNames: words(
    'p br hr blockquote pre code em strong del a img sup section h1 h2 h3 h4 h5 h6 ul ol li ' +
      'input table thead tbody tr th td',
  ),
  attributes: {
    '*': [],
    a: [
      'href',
      'title',
      ['id', /^user-content-/],
      'dataFootnoteRef',
      'dataFootnoteBackref',
      'ariaLabel',
      footnoteLink(),
    ],
    code: [['className', /^language-[\w+#.-]{1,40}$/, 'math-inline', 'math-display']],
    h2: [['className', 'sr-only']],
    img: ['src', 'alt', 'title'],
    input: [['disabled', true], ['type', 'checkbox'], 'checked'],
    li: [
      ['className', 'task-list-item'],
      ['id', /^user-content-/],
    ],
    p: [['className', 'as-typed']],
    ol: ['start', ['className', 'contains-task-list']],
    section: ['dataFootnotes', ['className', 'footnotes']],
    td: [['align', 'left', 'right', 'center']],
    th: [['align', 'left', 'right', 'center']],
    ul: [['className', 'contains-task-list']],
  },
  ancestors: { thead: ['table'], tbody: ['table'], tr: ['table'], th: ['table'], td: ['table'] },
  // Prefixed before.
  clobber: [],
  clobberPrefix: '',
  protocols: { href: ['http', 'https', 'mailto'], src: ['http', 'https'] },
  required: { input: { disabled: true, type: 'checkbox' } },
  strip: ['script', 'style'],
}

function footnoteLink(): [string, string] {
  return ['className', 'data-footnote-backref']
}

function words(list: string): string[] {
  return list.split(' ')
}
