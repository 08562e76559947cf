import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { stringify } from 'yaml'
import { hasProgram } from '../support/programs.ts'
import { Recorder } from '../support/recorder.ts'
import { root } from '../support/our-stack.ts'
import { SmallStack } from '../support/small-stack.ts'
import { program } from '../support/supervisor-rig.ts'
import { Terminal } from '../support/terminal.ts'

/** Whole screens, as text. After a change that is meant: `UPDATE_SCREENS=1 npm test -- test/e2e/screens.test.ts`, then look. */
const folder = join(root, 'test/fixtures/screens')
const sizes = [
  [40, 10],
  [80, 24],
  [160, 48],
  [200, 60],
] as const
const noTmux = hasProgram('tmux') ? false : 'tmux is not installed'

suite('golden screens', { timeout: 120_000 }, () => {
  for (const [columns, rows] of sizes) {
    test(`built-in, read from its pty, at ${columns}x${rows}`, async () => {
      await using stack = await letters()
      const up = start(stack, columns, rows)
      await up.shows(isWhole(columns))
      await golden(`builtin-${columns}x${rows}`, up.screen.text())
      up.press('q')
      await up.ended
    })

    test(`tmux, captured, at ${columns}x${rows}`, { skip: noTmux }, async () => {
      await using stack = await letters()
      await using terminal = await Terminal.open({ columns, rows, cwd: root, env: stack.env })
      await terminal.type(`clear; ${stack.command('up', '--console', 'tmux')}; echo ended with $?`)
      await terminal.shows(/said before[^]*left ready[^]*Q quit/)
      await terminal.shows(
        columns < 80
          ? /── ● left [^]*● rig[^]*● left ready[^\n]*│ after/
          : /── ● left ─+┬── ● right ─[^]*● left ready[^]*● right ready/,
      )
      await golden(`tmux-${columns}x${rows}`, (await terminal.screen()).join('\n'))
      await terminal.press('q')
      await terminal.shows(/ended with 0/)
    })
  }

  test('after a storm of resizes under a flood, the screen is whole again at every step that is looked at', async () => {
    await using stack = await letters({ command: program('letters.sh'), env: {} })
    const up = start(stack, 80, 24)
    await up.shows(isWhole(80))
    const quiet = masked(up.screen.text())
    await stack.ask('restart', 'flood')
    await up.shows(/flood line \d+/)
    let seed = 7
    const random = (below: number): number => (seed = (seed * 48_271) % 2_147_483_647) % below
    for (let turn = 0; turn < 30; turn++) {
      up.resize(40 + random(160), 10 + random(50))
      await up.shows(/Q quit/)
    }
    up.resize(80, 24)
    await stack.ask('stop', 'flood')
    await up.shows(/Q quit/)
    await up.until(() => frameOf(masked(up.screen.text())) === frameOf(quiet))
    up.press('q')
    await up.ended
  })
})

/** Two panes with the same letters each, and a service that floods when it is started again. */
async function letters(flood?: object): Promise<SmallStack> {
  const letters = (pane: string): object => ({
    command: program('letters.sh'),
    pane,
    ready: { log: 'is ready' },
  })
  const stack = await SmallStack.make(
    stringify({
      name: 'golden',
      services: {
        left: letters('left'),
        right: letters('right'),
        ...(flood === undefined
          ? {}
          : {
              flood: {
                command:
                  'test -e flooded || { touch flooded; exec sleep 1000; }; while :; do i=$((i+1)); echo "flood line $i"; done',
                pane: 'right',
              },
            }),
      },
      console: { transcript: 'transcript.log', panes: ['left', 'right'] },
    }),
  )
  await writeFile(join(stack.folder, 'transcript.log'), '2026-01-02 03:04:05.678 < said before\n')
  return stack
}

function start(stack: SmallStack, columns: number, rows: number): Recorder {
  return new Recorder([join(root, 'courante'), 'up', '--console', 'builtin', '--stack', stack.file], {
    columns,
    rows,
    cwd: root,
    env: { ...process.env, ...stack.env, COLORTERM: 'truecolor', NO_COLOR: undefined, TMUX: undefined },
  })
}

function isWhole(columns: number): RegExp {
  return columns < 72 ? /left ready after[^]*Q quit/ : /said before[^]*● left ready after[^]*Q quit/
}

/** The lines between the panes, without what is in them and how the services are. */
function frameOf(screen: string): string {
  return screen
    .split('\n')
    .filter((row, y, all) => row.includes('──') || y === all.length - 1)
    .join('\n')
    .replaceAll(/[●○◐✕✓]/g, '*')
}

/** How long something took has another length each time; the blanks behind it, where something follows, make up for that. */
function masked(screen: string): string {
  const mask = (row: string): string =>
    row.replaceAll(/after [\d.]+ m?s( *)(?=(\S)?)/g, (match, _blanks, next: string | undefined) =>
      next === undefined ? 'after T' : 'after T'.padEnd(match.length),
    )
  return screen
    .split('\n')
    .map(row => mask(row.trimEnd()))
    .join('\n')
}

async function golden(name: string, screen: string): Promise<void> {
  const path = join(folder, `${name}.txt`)
  const now = `${masked(screen).trimEnd()}\n`
  if (process.env['UPDATE_SCREENS'] === '1') {
    await mkdir(folder, { recursive: true })
    await writeFile(path, now)
  }
  assert.ok(existsSync(path), `no ${path}`)
  assert.equal(now, await readFile(path, 'utf8'))
}
