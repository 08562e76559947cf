import assert from 'node:assert/strict'
import { appendFile, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import type { Status } from '../../runner/supervisor/events.ts'
import { hasProgram } from '../support/programs.ts'
import { SmallStack } from '../support/small-stack.ts'
import { Terminal } from '../support/terminal.ts'

const skip = hasProgram('tmux') ? false : 'tmux is not installed; it is the terminal of this test'

const yaml = `
name: small
services:
  core: { command: "echo core ready; exec sleep 1000", ready: { log: core ready }, code: [code] }
  backend: { command: "exec sleep 1000", depends_on: [core] }
restart_key: [backend]
`

suite('what R restarts', { skip, timeout: 120_000 }, () => {
  test('core only when its code changed; everything when the stack file changed, if that is right', async () => {
    await using stack = await SmallStack.make(yaml)
    await writeFile(join(stack.folder, 'code'), 'one')
    await using terminal = await Terminal.open({ columns: 100, rows: 30, cwd: stack.folder, env: stack.env })
    await terminal.type(stack.command('up', '--console', 'plain'))
    await terminal.shows(/Q quit/)
    const first = await pids(stack)

    await terminal.press('r')
    await terminal.shows(/● restarting backend$/m)
    const second = await changed(stack, 'backend', first)
    assert.equal(second['core'], first['core'])

    await writeFile(join(stack.folder, 'code'), 'two, which is longer')
    await terminal.press('R')
    await terminal.shows(/● restarting core, backend$/m)
    const third = await changed(stack, 'backend', second)
    assert.notEqual(third['core'], second['core'])

    await writeFile(stack.file, yaml.replace('depends_on: [core]', 'depends_on: [cor]'))
    await terminal.press('r')
    await terminal.shows(
      /the changed stack file has mistakes, so it is not taken over: [^]*no\s+service\s+"cor"/,
    )
    const fourth = await changed(stack, 'backend', third)
    assert.equal(fourth['core'], third['core'])

    await writeFile(stack.file, yaml)
    await appendFile(
      join(stack.folder, 'stack.local.yaml'),
      'services: { web: { command: exec sleep 1000 } }',
    )
    await terminal.press('r')
    await terminal.shows(/the stack file changed: everything starts anew/)
    const fifth = await changed(stack, 'web', fourth)
    assert.notEqual(fifth['core'], fourth['core'])
    await terminal.shows(/web +│ .*|● web ready/)
    await terminal.press('q')
    await terminal.shows(/small stopped\. Its logs/)
    assert.deepEqual(await stack.left(), [])
  })

  test('a run in the background says what to do instead', async () => {
    await using stack = await SmallStack.make(yaml)
    assert.equal((await stack.ask('up', '-d')).exitCode, 0)
    await appendFile(stack.file, '# changed\n')
    await using terminal = await Terminal.open({ columns: 100, rows: 30, cwd: stack.folder, env: stack.env })
    await terminal.type(stack.command('attach', '--console', 'plain'))
    await terminal.shows(/Q quit/)
    const before = await pids(stack)
    await terminal.press('r')
    await terminal.shows(/the stack file changed: courante down, then up again takes it over/)
    await changed(stack, 'backend', before)
  })
})

type Pids = Record<string, number | undefined>

async function pids(stack: SmallStack): Promise<Pids> {
  const { stdout } = await stack.ask('status', '--json')
  if (!stdout.startsWith('{')) return {}
  const { services } = JSON.parse(stdout) as Status
  return Object.fromEntries(services.map(({ name, pid }) => [name, pid]))
}

/** Waits until this service has another process, and all are ready. */
async function changed(stack: SmallStack, service: string, before: Pids): Promise<Pids> {
  for (const end = Date.now() + 30_000; Date.now() < end;) {
    const now = await pids(stack)
    if (now[service] !== undefined && now[service] !== before[service]) {
      await stack.upAgain()
      return await pids(stack)
    }
  }
  throw new Error(
    `${service} never got a new process:\n${await readFile(join(stack.home, 'logs/supervisor.log'), 'utf8')}`,
  )
}
