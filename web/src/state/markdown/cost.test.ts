import assert from 'node:assert/strict'
import { test } from 'node:test'
import { array, assert as check, constantFrom, property } from 'fast-check'
import { canBeColoured, KeptColours } from './coloured.ts'
import { limits } from './limits.ts'
import { grow, nothingGrown, partsOf, type Part } from './parts.ts'
import { speakable } from './speakable.ts'
import type { Node } from './tree.ts'

test('a short message can’t become a huge table', () => {
  const usual = `|${'a|'.repeat(20)}\n|${'-|'.repeat(20)}\n${`|${'1|'.repeat(20)}\n`.repeat(100)}`
  assert.ok(!isAsTyped(partsOf(usual)))
  for (const size of [200, 2000]) {
    const text = `|${'a|'.repeat(size)}\n|${'-|'.repeat(size)}\n${'|1\n'.repeat(size)}`
    assert.ok(isAsTyped(partsOf(text)), `${size} columns`)
  }
  // Few columns, but too many cells that are not there.
  const thin = `|${'a|'.repeat(90)}\n|${'-|'.repeat(90)}\n${'|1\n'.repeat(1000)}`
  assert.ok(isAsTyped(partsOf(thin)))
})

test('of many formulas the first are typeset, in a message that grows, too', () => {
  const line = partsOf('$x$ '.repeat(3900))
  assert.equal(formulas(line), limits.formulas)
  assert.match(JSON.stringify(line), /"value":"[^"]*\$x\$/)
  let grown = nothingGrown
  for (let lines = 100; lines <= 1000; lines += 100) grown = grow(grown, '$x$\n\n'.repeat(lines))
  assert.equal(
    formulas([...grown.settled, ...(grown.rest === undefined ? [] : [grown.rest])]),
    limits.formulas,
  )
})

test('what nests without end is shown as typed', () => {
  const lists = Array.from({ length: 150 }, (_, depth) => `${'  '.repeat(depth)}- a`).join('\n')
  assert.ok(isAsTyped(partsOf(lists)))
})

test('whatever is repeated, it is parsed in a bounded time', () => {
  const pieces = (
    'a|b |\\ |\n|\n\n|- |* |1. |> |# |-\n|=\n|a\n|`|```|~~~|$|$$|\\(|\\[|[|](|](a)|]:|[^a]|[^a]: |!|_|**|~~|<|<!--|&amp;|' +
    'http://a.b|www.a|@|a@b.c|.|(|)|"|:|\t|    |- [ ] |é|- - - a\n|a\n-\n|~~~ a\n'
  )
    .split('|')
    .concat('|', '|-', '|a|b|\n|-|-|\n')
  const pattern = array(constantFrom(...pieces), { minLength: 1, maxLength: 5 }).map(parts => parts.join(''))
  const known = ['a\n-\n', '- - - a\n', `${'- '.repeat(29)}a\n`, '~', '$x$ ', 'a@b.c ', '```\n']
  check(
    property(pattern, pattern => {
      const text = pattern.repeat(Math.ceil(20_000 / pattern.length))
      for (const parse of [partsOf, speakable]) {
        const { user } = process.cpuUsage()
        parse(text)
        const ms = process.cpuUsage({ user, system: 0 }).user / 1000
        assert.ok(ms < limits.milliseconds * 3, `${Math.round(ms)} ms for ${JSON.stringify(pattern)}`)
      }
    }),
    { seed: 8, numRuns: 12, examples: known.map(pattern => [pattern]) },
  )
})

test('code with long lines or of many has no colours, and of the others few are kept', () => {
  assert.ok(canBeColoured('const a = 1\n'.repeat(100)))
  assert.ok(!canBeColoured(`ok\n${'a'.repeat(301)}\nok`))
  assert.ok(!canBeColoured('const a = 1\n'.repeat(1000)))
  assert.ok(!canBeColoured(`${'a'.repeat(240)}\n`.repeat(40)))
  assert.ok(canBeColoured(`${'a'.repeat(80)}\n`.repeat(120)))
  const kept = new KeptColours()
  const tree = { type: 'root' }
  const blocks = Array.from({ length: 100 }, (_, n) => `${n} ${'x'.repeat(5000)}`)
  for (const code of blocks) kept.add({ code, language: 'js', tree, pauseUntil: 0 })
  const found = blocks.filter(code => kept.get(code, 'js') !== undefined)
  assert.deepEqual(found, blocks.slice(-found.length))
  assert.ok(found.length > 5 && found.length * 5000 <= limits.keptCode)
})

test('parts are kept by what their trees take, not by their letters', () => {
  const texts = Array.from({ length: 60 }, (_, n) => `${n}${'a\n'.repeat(1500)}`)
  const parts = texts.map(text => partsOf(text))
  assert.equal(partsOf(texts.at(-1) ?? ''), parts.at(-1))
  const nodes = parts.flat().reduce((sum, { weight }) => sum + weight.nodes, 0)
  assert.ok(nodes > limits.keptNodes)
  assert.notEqual(partsOf(texts[0] ?? ''), parts[0])
})

function isAsTyped(parts: readonly Part[]): boolean {
  const blocks = parts.flatMap(({ tree }) => (tree as Node).children ?? [])
  return blocks.length === 1 && JSON.stringify(blocks[0]?.properties) === '{"className":["as-typed"]}'
}

function formulas(parts: readonly Part[]): number {
  return JSON.stringify(parts.map(({ tree }) => tree)).split('"language-math"').length - 1
}
