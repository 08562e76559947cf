import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseMarkdown } from './parse.ts'
import type { Node } from './tree.ts'

test('prices are no formulas', () => {
  const prices = [
    '$5 and $6',
    'US$5 to US$6',
    'It costs $100, and you earn 50$ more.',
    '$ 7 $',
    '$5 **now** or $6 later',
    '\\$5$',
    '$1,000 becomes $2,000',
    '$',
    'x$y$z',
  ]
  for (const text of prices) assert.deepEqual(formulasIn(text), [], text)
})

test('formulas as people and as models write them', () => {
  assert.deepEqual(formulasIn('$x^2$ and $y$-axis'), ['x^2', 'y'])
  assert.deepEqual(formulasIn('From $5 to $6, $n$ times'), ['n'])
  assert.deepEqual(formulasIn('\\(a+1\\), \\[ b\n= 2 \\]'), ['a+1', 'display: b\n= 2'])
  assert.deepEqual(formulasIn('$$x$$'), ['display: x'])
  assert.deepEqual(formulasIn('so $$x$$ it is'), ['x'])
  assert.deepEqual(formulasIn('$$\nx\n$$'), ['display: x'])
  assert.deepEqual(formulasIn('> $a\n> b$'), ['a\nb'])
  assert.deepEqual(formulasIn('$5x + 3 = 8$'), ['5x + 3 = 8'])
})

test('what only looks like the beginning of a formula is text', () => {
  for (const text of ['\\\\(no\\\\)', 'a \\( b', '\\()', '`$x$`', '\\[', '```\n$x$\n```'])
    assert.deepEqual(formulasIn(text), [], text)
})

function formulasIn(text: string): string[] {
  const found: string[] = []
  const walk = (node: Node): void => {
    const isDisplay =
      node.type === 'math' || JSON.stringify(node.data?.hProperties ?? {}).includes('math-display')
    if (node.type === 'math' || node.type === 'inlineMath')
      found.push(`${isDisplay ? 'display: ' : ''}${node.value ?? ''}`)
    for (const child of node.children ?? []) walk(child)
  }
  walk(parseMarkdown(text))
  return found
}
