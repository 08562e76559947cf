import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Io } from '../../lib/io.ts'
import { ProblemError } from '../../lib/problem.ts'
import { chooseConsole } from './choose.ts'

suite('which console is shown', () => {
  test('the built-in one on a terminal', async () => {
    assert.equal(await chooseConsole(undefined, io()), 'builtin')
    assert.equal(await chooseConsole('builtin', io()), 'builtin')
  })

  test('plain lines where there is none, and where it is named', async () => {
    assert.equal(await chooseConsole(undefined, io({ out: false })), 'plain')
    assert.equal(await chooseConsole(undefined, io({ in: false })), 'plain')
    assert.equal(await chooseConsole(undefined, io({ term: 'dumb' })), 'plain')
    assert.equal(await chooseConsole('plain', io()), 'plain')
  })

  test('what was named and cannot be shown is a problem in words', async () => {
    await refused('builtin', io({ out: false }), /builtin console can't be used: this is no terminal/)
    await refused('tmux', io({ term: 'dumb' }), /tmux console can't be used: TERM/)
    await refused('curses', io(), /there are builtin, tmux and plain/)
  })
})

async function refused(named: string, io: Io, words: RegExp): Promise<void> {
  await assert.rejects(chooseConsole(named, io), error => {
    assert.ok(error instanceof ProblemError)
    assert.match(error.problem.what, words)
    return true
  })
}

function io(has: { in?: boolean; out?: boolean; term?: string } = {}): Io {
  const { in: stdin = true, out: stdout = true, term = 'xterm-256color' } = has
  return { stdin: { isTTY: stdin }, stdout: { isTTY: stdout }, env: { TERM: term } } as unknown as Io
}
