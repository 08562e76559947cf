import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { OurStack, root } from '../support/our-stack.ts'
import { hasProgram } from '../support/programs.ts'
import { Terminal } from '../support/terminal.ts'

// The terminal that the test types into is a tmux window; the console under test is the plain one.
const skip = hasProgram('tmux') ? false : 'tmux is not installed'

suite('up in a terminal with the plain console', { skip }, () => {
  test('single keys work, Ctrl-C ends with 130, and the terminal echoes again', async () => {
    await using stack = await OurStack.make()
    await using terminal = await Terminal.open({ columns: 100, rows: 40, cwd: root, env: stack.env })
    await terminal.type(`${stack.command('up', '--console', 'plain')}; echo ended with $?`)
    await stack.ready()
    await terminal.shows(/Q quit {2}R restart {2}P pull/)
    await terminal.press('R')
    await terminal.shows(/● restarting backend[^]*backend ready/)
    await terminal.press('C-c')
    await terminal.shows(/courante stopped[^]*ended with 130/)
    await stack.gone()
    await terminal.type('echo still $((40 + 2))')
    assert.match(await terminal.shows(/^still 42$/m), /^\$ echo still/m)
  })

  test('Q ends with 0', async () => {
    await using stack = await OurStack.make()
    await using terminal = await Terminal.open({ columns: 100, rows: 40, cwd: root, env: stack.env })
    await terminal.type(`${stack.command('up', '--console', 'plain')}; echo ended with $?`)
    await stack.ready()
    await terminal.shows(/Q quit/)
    await terminal.press('q')
    await terminal.shows(/ended with 0/)
    await stack.gone()
  })
})
