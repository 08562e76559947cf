import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { test } from 'node:test'
import xterm from '@xterm/headless'
import { joinOf, widthIn, widthOf, widthOfCode } from './width.ts'

const other = process.versions.unicode === '17.0' ? false : 'this Node has another Unicode than the table'

test('wide characters are those of Unicode 17, as Node has them', { skip: other }, () => {
  // Node's own tables are not reachable otherwise.
  const print = `
    const { internalBinding } = require('internal/test/binding')
    const width = internalBinding('icu').getStringWidth
    const wide = []
    for (let code = 0x1100; code < 0x20000; code++) {
      const regional = code >= 0x1f1e6 && code <= 0x1f1ff
      if (!regional && (code < 0xd800 || code > 0xdfff) && width(String.fromCodePoint(code), false, false) === 2) wide.push(code)
    }
    process.stdout.write(wide.join(' '))`
  const wide = execFileSync(process.execPath, ['--no-warnings', '--expose-internals', '-e', print], {
    encoding: 'utf8',
  })
  const expected = new Set(wide.split(' ').map(Number))
  for (let code = 0x1100; code < 0x20000; code++) {
    if (code >= 0xd800 && code <= 0xdfff) continue
    // Marks have no width, whatever block they stand in.
    const wide = expected.has(code) && widthOfCode(code) !== 0
    assert.equal(widthOfCode(code) === 2, wide, `U+${code.toString(16)}`)
  }
})

test('what the emulator takes for wide by its own tables of Unicode 6 still is', () => {
  const terminal = new xterm.Terminal({ cols: 20, rows: 2, allowProposedApi: true })
  const changed: string[] = []
  for (let code = 0xa0; code < 0xffff; code += 1) {
    if (/\p{Cn}|\p{Co}|\p{Cs}|\p{Mn}/u.test(String.fromCodePoint(code))) continue
    if (own(terminal, code) === 2 && widthOfCode(code) !== 2) changed.push(code.toString(16))
  }
  terminal.dispose()
  // Circled numbers, of ambiguous width by now.
  assert.deepEqual(changed, ['3248', '3249', '324a', '324b', '324c', '324d', '324e', '324f'])
})

test('what joins in one cell has the width of the whole', () => {
  const table: [string, number][] = [
    ['', 0],
    ['abc', 3],
    ['é', 1],
    ['e\u0301', 1],
    ['e\u0301\u0302\u0303', 1],
    ['中文', 4],
    ['ｱ', 1],
    ['👍', 2],
    ['👍🏽', 2],
    ['👨‍👩‍👧‍👦', 2],
    ['🏳️‍🌈', 2],
    ['❤', 1],
    ['❤️', 2],
    ['☎︎', 1],
    ['1️⃣', 2],
    ['🇩🇪', 2],
    ['🇩🇪🇫🇷', 4],
    ['🇩', 1],
    ['각', 2],
    ['\u1100\u1161\u11a8', 2],
    ['a\u200bb', 2],
    ['\u0301', 0],
    ['a\tb\x1b\x07c', 3],
    ['नि', 2],
    ['±°«»', 4],
  ]
  for (const [text, width] of table) assert.equal(widthOf(text), width, JSON.stringify(text))
})

test('a letter takes no more than 31 marks; the next one has a cell of its own', () => {
  assert.equal(widthOf(`e${'\u0301'.repeat(31)}`), 1)
  assert.equal(widthOf(`e${'\u0301'.repeat(32)}`), 2)
  assert.equal(widthOf('e\u0301'), 1)
  assert.equal(widthIn(joinOf(0x301, 0)), 0)
})

/** The width by the emulator's built-in provider. */
function own(terminal: xterm.Terminal, code: number): number {
  const { _core: core } = terminal as unknown as {
    _core: { unicodeService: { wcwidth(code: number): number } }
  }
  return core.unicodeService.wcwidth(code)
}
