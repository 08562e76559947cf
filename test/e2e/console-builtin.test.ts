import assert from 'node:assert/strict'
import { appendFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { stringify } from 'yaml'
import { socketDir } from '../../lib/socket-dir.ts'
import { connect, type ControlClient } from '../../runner/supervisor/control-client.ts'
import { freePort } from '../support/free-port.ts'
import { root } from '../support/our-stack.ts'
import { hasProgram } from '../support/programs.ts'
import { SmallStack } from '../support/small-stack.ts'
import { program } from '../support/supervisor-rig.ts'
import { Terminal } from '../support/terminal.ts'

// The terminal that the test types into is a tmux window; the console under test is our own.
const skip = hasProgram('tmux') ? false : 'tmux is not installed'

suite('the built-in console', { skip }, () => {
  for (const [columns, rows] of [
    [160, 48],
    [200, 60],
    [80, 24],
    [40, 10],
  ] as const) {
    test(`${columns}x${rows}: the panes, R gives a new pid, P answers, Q restores the terminal`, async () => {
      await using run = await Shown.open(columns, rows, 'echo typed before; ')
      const { terminal } = run
      const small = rows < 16
      await terminal.shows(
        small ? /1 transcript {2}2 backend ●● {2}3 web ●/ : /── backend {2}● core {2}● backend/,
      )
      await terminal.shows(/Q quit {2}R restart {2}P pull {2}\? keys/)
      if (!small) await terminal.shows(/── transcript ─[^]*── web {2}● :\d+/)
      const before = await run.pid('backend')
      await terminal.press('r')
      await terminal.shows(/restarting backend[^]*backend ready/)
      assert.notEqual(await run.pid('backend'), before)
      await terminal.press('P')
      await terminal.shows(/not pulled/)
      await terminal.press('q')
      const screen = await terminal.shows(/ended with 0/)
      assert.match(screen, /typed before/, 'what was on the screen is there again')
      assert.match(screen, /small stopped/)
      assert.deepEqual(await run.stack.left(), [])
      await terminal.type('echo still $((40 + 2))')
      assert.match(await terminal.shows(/^still 42$/m), /^\$ echo still/m, 'it echoes again')
    })
  }

  test('Ctrl-C ends with 130 and shows who is waited for; a second one kills', async () => {
    await using run = await Shown.open(100, 30, '', {
      core: { command: program('stubborn.sh'), stop_grace: 60 },
    })
    await run.terminal.shows(/stubborn \d+ \d+/)
    await run.terminal.press('C-c')
    await run.terminal.shows(/waiting for core \(pid \d+\), killed in \d+ s/)
    await run.terminal.press('C-c')
    await run.terminal.shows(/ended with 130/)
    assert.deepEqual(await run.stack.left(), [])
  })

  test('a scrolled pane stays put and says how many lines are new; End goes along again', async () => {
    await using run = await Shown.open(160, 48)
    const { terminal } = run
    await run.say('backend', 'lines 500')
    await terminal.shows(/numbered 500 /)
    await terminal.press('PageUp')
    const scrolled = await terminal.shows(/↑ scrolled/)
    const first = /numbered (\d+)/.exec(scrolled)?.[1]
    await run.say('backend', 'lines 7')
    // What was typed is echoed, so that is a line too.
    assert.equal(/numbered (\d+)/.exec(await terminal.shows(/↓ 8 new/))?.[1], first)
    await terminal.press('End')
    await terminal.shows(/numbered 507/)
    assert.doesNotMatch((await terminal.screen()).join('\n'), / new /)
  })

  test('the wheel scrolls the pane under it, a click focuses, a drag copies', async () => {
    await using run = await Shown.open(160, 48)
    const { terminal } = run
    await run.say('backend', 'lines 500')
    await terminal.shows(/numbered 500 /)
    await terminal.press('-l', '\u001b[<64;10;40M')
    await terminal.shows(/↑ scrolled/)
    await terminal.press('-l', '\u001b[<0;1;30M\u001b[<32;20;32M\u001b[<0;20;32m')
    await terminal.shows(/copied 3 lines/)
    await terminal.press('-l', '\u001b[<0;130;30M\u001b[<0;130;30m')
    await terminal.press('z')
    await terminal.shows(/^─ 1 transcript {2}2 backend ●● {2}3 web[^\n]*zoomed/)
  })

  test('a search finds a line far behind in the log, and goes back and forth; Escape leaves', async () => {
    await using run = await Shown.open(80, 24)
    const { terminal } = run
    await run.say('backend', 'lines 30000')
    await terminal.shows(/numbered 30000/)
    await terminal.press('/')
    await terminal.press('-l', 'numbered 12$')
    await terminal.shows(/^numbered 12 /m)
    await terminal.press('Enter')
    await terminal.shows(/1 of 1/)
    await terminal.press('Escape')
    await terminal.shows(/numbered 30000/)
    await terminal.press('/')
    await terminal.press('-l', 'numbered 2[0-9]$')
    await terminal.shows(/1 of 10/)
    await terminal.press('Enter', 'n', 'n')
    await terminal.shows(/3 of 10/)
    await terminal.press('N')
    await terminal.shows(/2 of 10/)
    await terminal.press('Escape')
    await terminal.shows(/Q quit/)
    await terminal.press('/')
    await terminal.press('-l', 'nowhere')
    await terminal.shows(/no match/)
  })

  test('a filter shows only what matches, by words and by level; empty, everything', async () => {
    await using run = await Shown.open(80, 24)
    const { terminal } = run
    await run.say('backend', 'lines 500')
    await run.say('backend', 'warn')
    await terminal.shows(/WARN something is odd/)
    await terminal.press('f')
    await terminal.press('-l', 'd 7[0-9]$')
    await terminal.press('Enter')
    await terminal.shows(/^numbered 70 [^]*^numbered 79 /m)
    await terminal.press('F', 'C-u')
    await terminal.press('-l', 'level:warn')
    await terminal.press('Enter')
    const screen = await terminal.shows(/filter level:warn/)
    assert.doesNotMatch(screen, /^numbered/m)
    await terminal.press('f', 'C-u', 'Enter')
    await terminal.shows(/numbered 500/)
  })

  test('zoom, merged log, times, help and dashboard', async () => {
    await using run = await Shown.open(120, 40)
    const { terminal } = run
    await terminal.press('l')
    await terminal.shows(/all services[^]*^core +│ answers ready/m)
    await terminal.press('t')
    await terminal.shows(/^\d\d:\d\d:\d\d core +│ answers ready/m)
    await terminal.press('L', '?')
    await terminal.shows(/╭─ keys ─+╮[^]*Shift-drag/)
    await terminal.press('x', 'd')
    await terminal.shows(/── dashboard ─[^]*service +state +pid[^]*core +● ready +\d+/)
    await terminal.shows(/core .* MB/)
    await terminal.press('Escape')
    await terminal.shows(/── transcript/)
    await terminal.press('3', 'z')
    await terminal.shows(/zoomed[^]*listening/)
  })

  test('the top half follows the transcript, and is searched and scrolled as any pane', async () => {
    await using run = await Shown.open(80, 24)
    const { terminal } = run
    const path = join(run.stack.home, 'transcript.log')
    await appendFile(path, Array.from({ length: 200 }, (_, line) => `< spoken ${line + 1}\n`).join(''))
    await terminal.shows(/< spoken 190\n[^]*< spoken 200/)
    await terminal.press('1', 'Home')
    await terminal.shows(/< spoken 1\n/)
    await appendFile(path, '> answered\n')
    await terminal.shows(/↓ 1 new/)
    await terminal.press('g')
    await terminal.shows(/< spoken 200\n> answered/)
  })

  test('I types to a service until Escape', async () => {
    await using run = await Shown.open(120, 40)
    const { terminal } = run
    await terminal.press('i')
    await terminal.shows(/Type to which\?/)
    await terminal.press('2')
    await terminal.shows(/typing to backend/)
    await terminal.press('-l', 'quite so')
    await terminal.press('Enter')
    await terminal.shows(/you said quite so/)
    await terminal.press('Escape')
    await terminal.shows(/Q quit/)
  })

  test('a crash is shown with its last words and its exit code, and the back-off counts down', async () => {
    await using run = await Shown.open(120, 40)
    await run.say('core', 'last words')
    await run.say('core', 'exit 3')
    await run.terminal.shows(/you said last words[^]*core exited with code 3/)
    await run.terminal.shows(/✕ core again in \d+ s/)
    await run.terminal.shows(/● core {2}● backend/)
  })

  test('services are told the size of their pane, and again after a storm of resizes', async () => {
    await using run = await Shown.open(160, 48)
    const { terminal } = run
    await run.until(async () => {
      await run.say('backend', 'size')
      return /size 106x22/.test((await terminal.screen()).join('\n'))
    })
    for (let turn = 0; turn < 12; turn++) {
      await terminal.resize(40 + turn * 9, 10 + turn * 3)
    }
    await terminal.resize(100, 30)
    const screen = await terminal.shows(/^── transcript ─{86}$/m)
    assert.equal(screen.split('\n').length, 30)
    await terminal.resize(30, 8)
    await terminal.shows(/^needs 40x10$/m)
    await terminal.resize(120, 40)
    await terminal.shows(/── backend[^]*Q quit/)
    await run.until(async () => {
      await run.say('backend', 'size')
      return /size 79x18/.test((await terminal.screen()).join('\n'))
    })
  })

  for (const console of ['builtin', 'tmux']) {
    test(`${console}: a stack without a transcript gives its panes the whole height`, async () => {
      await using stack = await SmallStack.make(
        stringify({
          services: { api: { command: 'sleep 1000' }, page: { command: 'sleep 1000', pane: 'web' } },
          console: { panes: ['back', 'web'] },
        }),
      )
      await using terminal = await Terminal.open({ columns: 80, rows: 24, cwd: root, env: stack.env })
      await terminal.type(`${stack.command('up', '--console', console)}; echo ended with $?`)
      const screen = await terminal.shows(/back {2}● api[^]*Q quit/)
      assert.match(screen.split('\n')[0] ?? '', /back {2}● api .*web {2}● page/)
      assert.doesNotMatch(screen, /transcript/)
      await terminal.press('q')
      await terminal.shows(/ended with 0/)
    })
  }

  test('a closed terminal quits', async () => {
    await using run = await Shown.open(100, 30)
    await run.terminal.close()
    await run.until(async () => (await run.stack.left()).length === 0)
  })

  test('a second console shows what was before; when it is closed, the run goes on', async () => {
    await using run = await Shown.open(100, 30)
    await run.say('backend', 'before it came')
    await run.terminal.shows(/you said before it came/)
    const two = await Terminal.open({ columns: 80, rows: 24, cwd: root, env: run.stack.env })
    await two.type(run.stack.command('up', '--console', 'builtin'))
    await two.shows(/you said before it came/)
    await two[Symbol.asyncDispose]()
    await run.say('backend', 'after it went')
    await run.terminal.shows(/you said after it went/)
    assert.equal((await run.client.status()).stopping, false)
  })

  test('Ctrl-C in a console that only joined leaves; the run goes on', async () => {
    await using run = await Shown.open(100, 30)
    await using two = await Terminal.open({ columns: 80, rows: 24, cwd: root, env: run.stack.env })
    await two.type(`${run.stack.command('attach')}; echo ended with $?`)
    await two.shows(/Ctrl-C leave/)
    await two.press('C-c')
    await two.shows(/small goes on; courante down stops it\.\s+ended with 130/)
    assert.equal((await run.client.status()).ready, true)
  })

  test('kill -9 of the supervisor: the terminal is restored and says so', async () => {
    await using run = await Shown.open(100, 30, 'echo typed before; ')
    process.kill((await run.client.status()).supervisor, 'SIGKILL')
    const screen = await run.terminal.shows(/ended with 1/)
    assert.match(screen, /typed before[^]*the supervisor was killed/)
  })
})

/** A small stack that `up` shows in a terminal. */
class Shown implements AsyncDisposable {
  readonly stack: SmallStack
  readonly terminal: Terminal
  readonly client: ControlClient

  private constructor(stack: SmallStack, terminal: Terminal, client: ControlClient) {
    this.stack = stack
    this.terminal = terminal
    this.client = client
  }

  /** Comes back when everything is ready and the console shows it. */
  static async open(
    columns: number,
    rows: number,
    before = '',
    more: Record<string, object> = {},
  ): Promise<Shown> {
    const port = await freePort()
    const answers = { command: program('answers.ts'), pane: 'backend', ready: { log: 'answers ready' } }
    const services = {
      core: {
        ...answers,
        ...more['core'],
        ...(more['core'] === undefined ? {} : { ready: { log: 'stubborn' } }),
      },
      backend: answers,
      web: { command: program('listener.ts'), port, env: { PORT: String(port) }, pane: 'web' },
    }
    const stack = await SmallStack.make(
      stringify({
        name: 'small',
        services,
        restart_key: ['backend'],
        console: { transcript: true, panes: ['backend', 'web'], open: 'web' },
      }),
    )
    const terminal = await Terminal.open({ columns, rows, cwd: root, env: stack.env })
    await terminal.type(`${before}${stack.command('up', '--console', 'builtin')}; echo ended with $?`)
    const connection = await connect(join(socketDir(stack.home, stack.env), 'control.sock'), 30_000)
    if (!connection.running) throw new Error(`no supervisor: ${connection.reason}`)
    const run = new Shown(stack, terminal, connection.client)
    await run.until(async () => (await run.client.status()).ready)
    await terminal.shows(rows < 16 ? /2 backend ●●/ : /● core {2}● backend[^]*● :\d+/)
    return run
  }

  async say(service: string, line: string): Promise<void> {
    await this.client.input(service, `${line}\r`)
  }

  async pid(service: string): Promise<number | undefined> {
    return (await this.client.status()).services.find(({ name }) => name === service)?.pid
  }

  async until(condition: () => Promise<boolean>): Promise<void> {
    for (const end = Date.now() + 20_000; !(await condition());) {
      if (Date.now() > end) throw new Error(`not within 20 s:\n${(await this.terminal.screen()).join('\n')}`)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stack[Symbol.asyncDispose]()
    await this.terminal[Symbol.asyncDispose]()
  }
}
