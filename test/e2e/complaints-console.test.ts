import assert from 'node:assert/strict'
import { join } from 'node:path'
import { existsSync } from 'node:fs'
import { suite, test } from 'node:test'
import { residentBytes, statFields } from '../../runner/supervisor/group.ts'
import { hasProgram } from '../support/programs.ts'
import { childrenOf, ShownStack } from '../support/shown-stack.ts'
import { program } from '../support/supervisor-rig.ts'
import type { Terminal } from '../support/terminal.ts'

const skip = hasProgram('tmux') ? false : 'tmux is not installed'
const consoles = ['builtin', 'tmux', 'plain'] as const
const withPanes = ['builtin', 'tmux'] as const
const twoPanes = { console: { panes: ['left', 'right'] } }

suite('what users of other consoles complain of', { skip, concurrency: 2 }, () => {
  test("text can't be copied with the mouse (turborepo#8372)", async () => {
    for (const console of withPanes) {
      await using stack = await ShownStack.make({ one: { command: 'echo copy this line; sleep 1000' } })
      const terminal = await clipboardOf(stack)
      await stack.up(console)
      await terminal.shows(/copy this line/)
      const [row, column] = await whereIs(terminal, 'copy this line')
      // As a terminal reports the mouse: what, column and row from 1, pressed or let go.
      const mouse = (what: number, x: number, end: string): Promise<void> =>
        terminal.press('-l', `\u001b[<${what};${x + 1};${row + 1}${end}`)
      await mouse(0, column, 'M')
      for (let x = 1; x < 'copy this line'.length; x++) await mouse(32, column + x, 'M')
      await mouse(0, column + 'copy this line'.length - 1, 'm')
      if (console === 'builtin') await terminal.shows(/copied/)
      assert.equal(await copied(terminal), 'copy this line', console)
    }
  })

  test("text can't be copied with the keys (devenv#2105)", async () => {
    for (const console of withPanes) {
      await using stack = await ShownStack.make({ one: { command: 'echo copy this line; sleep 1000' } })
      const terminal = await clipboardOf(stack)
      await stack.up(console)
      await terminal.shows(/copy this line/)
      // The last line that comes by itself: what is looked at below stays where it is.
      await terminal.shows(/one ready/)
      for (const key of ['2', 'c']) await terminal.press(key)
      await terminal.shows(console === 'tmux' ? /\[0\/\d+\]/ : /Space select/)
      // The cursor begins below the last line, or on the last row.
      const screen = await terminal.screen()
      const row = screen.findIndex(text => text.includes('copy this line'))
      const hint = screen.findIndex(text => text.includes('Space select'))
      const last = screen.findLastIndex(text => text !== '' && !text.includes('Q quit'))
      const up = (console === 'tmux' ? last + 1 : hint - 1) - row
      // One by one: what comes all at once, tmux takes for a paste.
      for (const key of [...Array<string>(up).fill('k'), '0', 'Space', '$', 'Enter'])
        await terminal.press(key)
      assert.equal(await copied(terminal), 'copy this line')
    }
  })

  test('colours are lost (concurrently#8)', async () => {
    for (const console of consoles) {
      await using stack = await ShownStack.make({ one: { command: program('colours.sh') } })
      const terminal = await stack.up(console)
      await terminal.shows(/red orange blue end/)
      const screen = await terminal.colouredScreen()
      assert.match(screen, /\[(?:\d+;)*31m(?:\u001b\[\d*m)*red/, console)
      assert.match(screen, /38;5;208m(?:\u001b\[\d*m)*orange/, console)
      assert.match(screen, /38;2;18;52;86m(?:\u001b\[\d*m)*blue/, console)
    }
  })

  test('carriage returns and clear-screen are ignored (process-compose#362)', async () => {
    for (const console of consoles) {
      await using stack = await ShownStack.make({ one: { command: program('progress.sh') } })
      const terminal = await stack.up(console)
      const before = await terminal.shows(/fetched 100 %[^]*done/)
      assert.doesNotMatch(before, /fetched [147]0 /)
      await (await stack.client()).input('one', '\r')
      const after = await terminal.shows(/fresh screen/)
      // Of one merged log, no service may wipe the lines of the others.
      if (console === 'plain') assert.match(after, /done[^]*fresh screen/)
      else assert.doesNotMatch(after, /old words|done/, console)
    }
  })

  for (const console of consoles) {
    test(`CPU is burned on statistics or repaint: ${console} (process-compose#341, tilt#943)`, async () => {
      const command = 'sleep 1; touch quiet; sleep 2; touch marker; sleep 1000'
      await using stack = await ShownStack.make({ one: { command } })
      const terminal = await stack.up(console)
      await terminal.shows(/Q quit/)
      const seen = (name: string): Promise<boolean> =>
        stack.until(name, () => existsSync(join(stack.folder, name)) || undefined)
      const [up, supervisor] = [await stack.upPid(), await stack.supervisor()]
      const pids = [...new Set([up, ...childrenOf(up), supervisor, ...childrenOf(supervisor)])]
      await seen('quiet')
      const before = pids.map(ticksOf)
      await seen('marker')
      const used = pids.map((pid, at) => ticksOf(pid) - (before[at] ?? 0))
      const sum = used.reduce((sum, ticks) => sum + ticks, 0)
      assert.ok(sum <= 2, `${sum} ticks of 10 ms in 2 s: ${used.join(' ')}`)
    })
  }

  for (const console of consoles) {
    test(`memory grows without bound on an unterminated escape: ${console} (mprocs 0.9.5)`, async () => {
      const endless = { command: program('endless.ts'), pane: 'left' }
      // The plain console passes it all on as text, which takes its time.
      const MEGABYTES = console === 'plain' ? '10' : '40'
      await using stack = await ShownStack.make(
        {
          osc: { ...endless, env: { KIND: 'osc', MEGABYTES } },
          dcs: { ...endless, env: { KIND: 'dcs', MEGABYTES } },
          beat: { command: program('reader.sh'), pane: 'right' },
        },
        twoPanes,
      )
      const terminal = await stack.up(console)
      await stack.until('both have written', async () => (await stack.noted()).length === 2 || undefined)
      await (await stack.client()).input('beat', 'alive\r')
      await terminal.shows(/got <alive>/)
      const [up, supervisor] = [await stack.upPid(), await stack.supervisor()]
      for (const pid of [up, ...childrenOf(up), supervisor])
        assert.ok(residentBytes(pid) < 150e6, `${pid} has ${residentBytes(pid)} bytes`)
      await terminal.press('q')
      await terminal.shows(/ended with 0/)
    })
  }

  test('content is cut at a resize (dekit#97)', async () => {
    for (const console of withPanes) {
      const words = Array.from({ length: 12 }, (_, at) => `word${at + 10}`).join('--')
      await using stack = await ShownStack.make({ one: { command: `echo ${words}; sleep 1000` } })
      const terminal = await stack.up(console)
      await terminal.shows(new RegExp(words))
      await terminal.resize(60, 24)
      // In 60 columns it takes two rows.
      const narrow = await terminal.shows(/^.{0,2}word10--[^\n]*\n.*word21/m)
      assert.doesNotMatch(narrow, new RegExp(words))
      await terminal.resize(140, 40)
      await terminal.shows(new RegExp(words))
    }
  })

  test('a key that is pressed once arrives twice (mprocs#215)', async () => {
    for (const console of consoles) {
      await using stack = await ShownStack.make(
        { one: { command: program('reader.sh') }, two: { command: program('worker.sh') } },
        { restart_key: ['two'] },
      )
      const terminal = await stack.up(console)
      await terminal.shows(/Q quit/)
      await stack.until('two has begun', async () => (await stack.noted()).length === 1 || undefined)
      await terminal.press('r')
      await stack.until('two has begun again', async () => (await stack.noted()).length === 3 || undefined)
      if (console === 'builtin') {
        await terminal.press('i')
        await terminal.shows(/Type to which/)
        await terminal.press('1')
        await terminal.shows(/typing to one/)
        await terminal.press('-l', 'hello')
        await terminal.press('Enter')
        await stack.logged('one', /got <hello>/)
        assert.match(await stack.log('one'), /^type to me\r\nhello\r\ngot <hello>\r\n$/)
        await terminal.press('Escape')
        await terminal.shows(/Q quit/)
      }
      await terminal.press('q')
      await terminal.shows(/ended with 0/)
      assert.deepEqual(await stack.noted(), ['start two', 'stop two', 'start two', 'stop two'])
    }
  })

  test("several logs can't be seen at once (dekit#180)", async () => {
    for (const console of withPanes) {
      await using stack = await ShownStack.make(
        {
          one: { command: 'echo from one; sleep 1000', pane: 'left' },
          two: { command: 'echo from two; sleep 1000', pane: 'right' },
          three: { command: 'echo from three; sleep 1000', pane: 'right' },
        },
        twoPanes,
      )
      const terminal = await stack.up(console)
      const screen = await terminal.shows(/^(?=[^]*from one)(?=[^]*from two)(?=[^]*from three)/)
      const column = async (text: string): Promise<number> => (await whereIs(terminal, text))[1]
      assert.ok((await column('from two')) > (await column('from one')), screen)
      assert.equal(await column('from three'), await column('from two'))
    }
  })
})

/** A terminal that takes what a program in it copies (OSC 52). */
async function clipboardOf(stack: ShownStack): Promise<Terminal> {
  const terminal = await stack.open()
  await terminal.type('tmux set -s set-clipboard on; clear')
  return terminal
}

/** What the terminal was given; the run is quit before. */
async function copied(terminal: Terminal): Promise<string> {
  await terminal.press('q')
  await terminal.shows(/ended with 0/)
  await terminal.type('clear; echo "[$(tmux show-buffer)]"')
  return /^\[([^\]]*)\]$/m.exec(await terminal.shows(/^\[.*\]$/m))?.[1]?.trim() ?? ''
}

/** Row and column of a text on the screen, from 0. */
async function whereIs(terminal: Terminal, text: string): Promise<[number, number]> {
  const screen = await terminal.screen()
  const row = screen.findIndex(line => line.includes(text))
  assert.notEqual(row, -1, `${text} is not on the screen:\n${screen.join('\n')}`)
  return [row, screen[row]?.indexOf(text) ?? -1]
}

/** User and system time of a process, in clock ticks. */
function ticksOf(pid: number): number {
  const fields = statFields(pid)
  return Number(fields?.[11]) + Number(fields?.[12])
}
