import assert from 'node:assert/strict'
import { test } from 'node:test'
import { array, assert as check, constantFrom, integer, property } from 'fast-check'
import { allOf, grow, keepGrown, nothingGrown, partsOf, type Grown, type Part } from './parts.ts'
import { parseMarkdown } from './parse.ts'
import { safeTree } from './safe.ts'
import type { Node } from './tree.ts'

const pieces = [
  '# |- |1. |2. |* |> |    |  |\t|\n|\n\n| |---|===|```|~~~|$$|$|*|**|_|~~|`|\r\n|.|:|a:|+ |10) '.split('|'),
  '[a];[a](/x);[a]: /y;[^1];[^1]: n;![b](/files/c/d.png);<b>;<!--;-->;<div>;"t;";\\;\\(;\\);- [ ] '.split(
    ';',
  ),
  [
    'word',
    'a b',
    '5',
    'http://a.b',
    'js',
    '&amp;',
    'é',
    '🙂',
    '|',
    '| - |',
    '| a |\n| - |\n| 1 |',
    '```js\nx\n\ny\n```',
  ],
].flat()
const markdown = array(constantFrom(...pieces), { maxLength: 40 }).map(parts => parts.join(''))
const steps = array(integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 60 })

test('a text that grew letter by letter is what it is as a whole, and what was settled stays the same object', () => {
  check(
    property(markdown, steps, (text, steps) => {
      let grown: Grown = nothingGrown
      for (let at = 0, step = 0; at < text.length; step++) {
        at += steps[step % steps.length] ?? 1
        const next = grow(grown, text.slice(0, at))
        const isAnew = next.settled.length < grown.settled.length || next.settled[0] !== grown.settled[0]
        if (grown.settled.length > 0 && !isAnew)
          for (const [index, part] of grown.settled.entries()) assert.equal(next.settled[index], part)
        // Only a definition reaches back.
        if (grown.settled.length > 0 && isAnew) assert.match(text.slice(0, at), /\]:/)
        grown = next
      }
      assert.deepEqual(shown(allOf(grown)), shown([whole(text)]), JSON.stringify(text))
    }),
    { numRuns: 800, seed: 8 },
  )
})

test('of a long answer only the last block is parsed again', () => {
  const text = 'One **paragraph** of it.\n\n'.repeat(200)
  let grown: Grown = nothingGrown
  let parsed = 0
  for (let at = 5; at < text.length; at += 5) {
    const before = grown.settledLength
    grown = grow(grown, text.slice(0, at))
    parsed += at - before
  }
  assert.ok(parsed < text.length * 20, `${parsed} of ${text.length}`)
})

test('a text that has become whole is not parsed again', () => {
  const text = 'It grew\n\nand is here.\n\n- kept'
  const grown = grow(grow(nothingGrown, text.slice(0, 20)), text)
  keepGrown(grown)
  // What comes in the end may have lost white space, or have more.
  assert.equal(partsOf(`${text} indeed`)[0], grown.settled[0])
  assert.equal(partsOf(text), partsOf(text))
})

test('what would cost seconds is shown as it is', () => {
  for (const text of [
    '*a_ '.repeat(20_000),
    '> '.repeat(5000) + 'x',
    '- '.repeat(10_000) + 'x',
    '['.repeat(50_000),
  ]) {
    const children = shown(partsOf(text))
    assert.equal(children.length, 1, text.slice(0, 20))
  }
  const code = `\`\`\`js\n${'snake_case_name[0] * 2\n'.repeat(1000)}\`\`\``
  assert.equal((shown(partsOf(code))[0] as Node).tagName, 'pre')
})

function whole(text: string): Pick<Part, 'tree'> {
  return { tree: safeTree(parseMarkdown(text).children, 'x') }
}

/** What stands there: without positions, without the white space between blocks, and ids of footnotes alike. */
function shown(parts: readonly Pick<Part, 'tree'>[]): unknown[] {
  const blocks = parts
    .flatMap(({ tree }) => (tree as Node).children ?? [])
    .filter(({ type }) => type !== 'text')
  const text = JSON.stringify(blocks, (key, value: unknown) => (key === 'position' ? undefined : value))
  return JSON.parse(text.replaceAll(/user-content-\w+-/g, '')) as unknown[]
}
