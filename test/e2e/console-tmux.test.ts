import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { suite, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { identify } from '../../lib/process-identity.ts'
import { OurStack, root } from '../support/our-stack.ts'
import { Terminal } from '../support/terminal.ts'
import { hasProgram } from '../support/programs.ts'

const skip = hasProgram('tmux') ? false : 'tmux is not installed'

suite('up in a terminal with tmux', { skip }, () => {
  for (const [columns, rows] of [
    [200, 50],
    [80, 24],
  ] as const) {
    test(`three panes in proportion, and the keys work, at ${columns}x${rows}`, async () => {
      await using stack = await OurStack.make()
      await using terminal = await Terminal.open({ columns, rows, cwd: root, env: stack.env })
      await terminal.type(
        `echo typed before; ${stack.command('up', '--console', 'tmux')}; echo ended with $?`,
      )
      const before = await stack.ready()
      const screen = await terminal.shows(/● core {2}● backend[^]*● frontend/)
      assert.match(screen, /transcript/)
      assert.match(screen, /Q quit {2}R restart {2}P pull/)
      assert.match(screen, new RegExp(`http://127.0.0.1:${stack.ports.frontend}`))

      const [top, left, right] = await stack.panes()
      assert.ok(top && left && right)
      assert.equal(top.columns, columns)
      assert.ok(Math.abs(top.rows - left.rows) <= 1, 'the top half is half')
      const share = left.columns / (left.columns + right.columns)
      assert.ok(share > 0.63 && share < 0.69, `the left pane has ${share} of the width`)

      await terminal.press('r')
      const after = await pidsAfterRestart(stack, pidOf(before, 'backend'))
      assert.equal(after.frontend, pidOf(before, 'frontend'))
      assert.equal(after.core, pidOf(before, 'core'))
      await terminal.shows(/restarting backend[^]*backend stopped[^]*backend starts[^]*backend listening/)

      await terminal.press('P')
      await terminal.shows(/not pulled|nothing new|pulled/)

      await terminal.press('Q')
      const restored = await terminal.shows(/ended with 0/)
      assert.match(restored, /typed before/, 'what was on the screen is there again')
      assert.match(restored, /courante stopped/)
      assert.doesNotMatch(restored, /exited\]/, 'nothing of tmux is left')
      await stack.gone()
      // The terminal still echoes and takes lines.
      await terminal.type('echo still $((40 + 2))')
      await terminal.shows(/^still 42$/m)
    })
  }

  test('Ctrl-C quits as Q does, and the exit code says that it was one', async () => {
    await using stack = await OurStack.make()
    await using terminal = await Terminal.open({ columns: 100, rows: 30, cwd: root, env: stack.env })
    await terminal.type(`${stack.command('up', '--console', 'tmux')}; echo ended with $?`)
    await stack.ready()
    await terminal.shows(/● backend/)
    await terminal.press('C-c')
    await terminal.shows(/ended with 130/)
    await stack.gone()
  })

  test('a closed terminal ends everything', async () => {
    await using stack = await OurStack.make()
    await using terminal = await Terminal.open({ columns: 100, rows: 30, cwd: root, env: stack.env })
    await terminal.type(stack.command('up', '--console', 'tmux'))
    await stack.ready()
    await terminal.shows(/● backend/)
    await terminal.close()
    await stack.gone()
  })

  test('a second up attaches, and says so; Q in either ends both', async () => {
    await using stack = await OurStack.make()
    await using one = await Terminal.open({ columns: 100, rows: 30, cwd: root, env: stack.env })
    await one.type(`${stack.command('up', '--console', 'tmux')}; echo ended with $?`)
    const { supervisor } = await stack.ready()
    await one.shows(/● backend/)
    await using two = await Terminal.open({ columns: 100, rows: 30, cwd: root, env: stack.env })
    await two.type(`${stack.command('up', '--console', 'tmux')}; echo ended with $?`)
    await two.shows(/● backend/)
    assert.equal((await stack.status())?.supervisor, supervisor)
    await two.press('q')
    assert.match(
      await two.shows(/ended with 0/),
      new RegExp(`running already \\(supervisor ${supervisor}\\)`),
    )
    await one.shows(/ended with 0/)
    await stack.gone()
  })

  test('closing a terminal that only joined leaves the run alone', async () => {
    await using stack = await OurStack.make()
    await using one = await Terminal.open({ columns: 100, rows: 30, cwd: root, env: stack.env })
    await one.type(`${stack.command('up', '--console', 'tmux')}; echo ended with $?`)
    await stack.ready()
    await one.shows(/● backend/)
    const two = await Terminal.open({ columns: 100, rows: 30, cwd: root, env: stack.env })
    await two.type(stack.command('up', '--console', 'tmux'))
    await two.shows(/● backend/)
    const joined = await childOf(await two.shell())
    const ended = waitForEnd(joined)
    await two[Symbol.asyncDispose]()
    await ended
    assert.equal((await stack.status())?.ready, true)
    await one.press('q')
    await one.shows(/ended with 0/)
    await stack.gone()
  })

  test('kill -9 of the supervisor: nothing lives on, the terminal is restored, the next up works', async () => {
    await using stack = await OurStack.make()
    await using terminal = await Terminal.open({ columns: 100, rows: 30, cwd: root, env: stack.env })
    await terminal.type(`echo typed before; ${stack.command('up', '--console', 'tmux')}; echo ended with $?`)
    const { supervisor } = await stack.ready()
    await terminal.shows(/● backend/)
    process.kill(supervisor, 'SIGKILL')
    const screen = await terminal.shows(/ended with 1/)
    assert.match(screen, /typed before/)
    assert.match(screen, /the supervisor was killed; everything that it had started was stopped/)
    await stack.gone()
    await terminal.type(`clear; ${stack.command('up', '--console', 'tmux')}; echo again $?`)
    await stack.ready()
    await terminal.shows(/● backend/)
    await terminal.press('q')
    await terminal.shows(/again 0/)
    await stack.gone()
  })

  test('kill -9 of up, then of the supervisor: the guard ends the services and the console', async () => {
    await using stack = await OurStack.make()
    await using terminal = await Terminal.open({ columns: 100, rows: 30, cwd: root, env: stack.env })
    await terminal.type(`echo typed before; ${stack.command('up', '--console', 'tmux')}; echo ended with $?`)
    const { supervisor } = await stack.ready()
    await terminal.shows(/● backend/)
    const up = await childOf(await terminal.shell())
    process.kill(up, 'SIGKILL')
    await terminal.shows(/● backend/)
    assert.equal((await stack.status())?.ready, true, 'a killed console takes nothing down')
    process.kill(supervisor, 'SIGKILL')
    await stack.gone()
    await terminal.shows(/^\$ echo typed before/)
  })

  test('a service that is killed is shown with its signal, and comes back', async () => {
    await using stack = await OurStack.make()
    await using terminal = await Terminal.open({ columns: 160, rows: 48, cwd: root, env: stack.env })
    await terminal.type(stack.command('up', '--console', 'tmux'))
    const before = await stack.ready()
    await terminal.shows(/● backend/)
    for (const name of ['backend', 'core']) {
      process.kill(pidOf(before, name), 'SIGKILL')
      await terminal.shows(new RegExp(`${name} ended by SIGKILL .*starts again in`))
    }
    await stack.ready()
    await terminal.press('q')
    await stack.gone()
  })
})

type Pids = Record<'core' | 'backend' | 'frontend', number>

async function pidsAfterRestart(stack: OurStack, oldBackend: number): Promise<Pids> {
  for (;;) {
    const status = await stack.ready()
    const pids = Object.fromEntries(status.services.map(({ name, pid }) => [name, pid])) as Pids
    if (pids.backend !== oldBackend) return pids
  }
}

function pidOf(status: { services: { name: string; pid?: number }[] }, name: string): number {
  const pid = status.services.find(service => service.name === name)?.pid
  assert.ok(pid !== undefined, `${name} has no process`)
  return pid
}

async function waitForEnd(pid: number): Promise<void> {
  while (identify(pid) !== undefined) await delay(20)
}

async function childOf(pid: number): Promise<number> {
  return Number((await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).split(' ')[0])
}
