import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { stringify } from 'yaml'
import { OurStack, root } from '../support/our-stack.ts'
import { hasProgram } from '../support/programs.ts'
import { SmallStack } from '../support/small-stack.ts'
import { program } from '../support/supervisor-rig.ts'
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

suite('the plain console', () => {
  test('lines and events come in the order in which they happened, the last words too', async () => {
    const task = 'for n in 1 2 3; do echo "line $n"; done; echo "last words"; exit 3'
    await using stack = await SmallStack.make(
      stringify({
        name: 'small',
        services: { task: { command: `sleep 0.2; ${task}`, restart: 'never', ready: { log: 'never' } } },
      }),
    )
    const { stdout, exitCode } = await stack.ask('up', '--yes', '--exit-on', 'task')
    assert.equal(exitCode, 3)
    assert.match(stdout, /line 1\n.*line 2\n.*line 3\n.*last words\n[^]*✕ task exited with code 3/)
  })

  test('a flood comes out whole and in order', async () => {
    const lines = 200_000
    const env = { LINES_TO_WRITE: String(lines), CODE: '0' }
    await using stack = await SmallStack.make(
      stringify({
        name: 'small',
        services: { flood: { command: program('noise.ts'), env, restart: 'never', oneshot: true } },
      }),
    )
    const { stdout } = await stack.ask('up', '--yes', '--exit-on', 'flood')
    const numbers = [...stdout.matchAll(/^flood +\| line (\d+) é$/gm)].map(([, number]) => Number(number))
    assert.equal(numbers.length, lines)
    assert.ok(numbers.every((number, index) => number === index + 1))
  })
})
