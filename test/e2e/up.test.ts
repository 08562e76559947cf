import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { access, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { courante } from '../support/courante.ts'
import { OurStack } from '../support/our-stack.ts'
import { tempDir } from '../support/temp.ts'

suite('up without a terminal', () => {
  test('plain lines of every service; Ctrl-C stops all in reverse order, exit code 130', async () => {
    await using stack = await OurStack.make()
    const up = courante(['up', '--yes', '--stack', stack.file], stack.env)
    await stack.ready()
    up.kill('SIGINT')
    const { exitCode, stdout } = await up
    assert.equal(exitCode, 130, stdout)
    assert.match(stdout, /^core +\| core ready$/m)
    assert.match(stdout, /^backend +\| backend listening/m)
    assert.match(stdout, /● backend ready after/)
    const stopped = [...stdout.matchAll(/○ (\w+) stopped/g)].map(([, name]) => name)
    assert.ok(stopped.indexOf('backend') < stopped.indexOf('core'), stdout)
    assert.match(stdout, /courante stopped\. Its logs: /)
    await stack.gone()
  })

  test('status, logs, restart and down talk to the run; without one they exit with 4', async () => {
    await using stack = await OurStack.make()
    const ask = (...words: string[]) => courante([...words, '--stack', stack.file], stack.env)
    for (const command of ['status', 'restart', 'down']) {
      const result = await ask(command)
      assert.equal(result.exitCode, 4)
      assert.match(result.stderr, /nothing is running in .*\n {2}→ Start it: courante up --stack /)
    }
    const up = courante(['up', '--yes', '--stack', stack.file], stack.env)
    const before = await stack.ready()

    const status = await ask('status')
    assert.equal(status.exitCode, 0)
    assert.match(status.stdout, /● core +ready +\d+ +- +\d+ s +0/)
    assert.match(status.stdout, new RegExp(`● backend +ready +\\d+ +${stack.ports.backend}`))
    const json = JSON.parse((await ask('status', '--json')).stdout) as { ready: boolean }
    assert.equal(json.ready, true)

    const restart = await ask('restart', 'backend')
    const pid = before.services.find(({ name }) => name === 'backend')?.pid
    assert.match(restart.stdout, new RegExp(`^backend: ${pid} → \\d+$`))
    const stranger = await ask('restart', 'nobody')
    assert.equal(stranger.exitCode, 2)
    assert.match(stranger.stderr, /no service "nobody"[^]*core, backend, frontend/)

    assert.match((await ask('logs', 'core')).stdout, /core ready/)
    assert.match((await ask('logs', '-n', '5')).stdout, /^backend +\| backend listening/m)

    await stack.ready()
    await writeFile(join(stack.folder, 'stack.local.yaml'), 'services: [')
    assert.equal((await ask('status')).exitCode, 0, 'a stack file that is broken by now locks nobody out')
    const down = await ask('down')
    assert.equal(down.stdout, 'Stopped frontend, backend, core.')
    assert.equal((await up).exitCode, 0)
    await stack.gone()
    assert.match((await ask('logs', 'core')).stdout, /core ready/, 'logs outlive the run')
    assert.equal((await ask('up', '--yes')).exitCode, 2)
  })

  test('what is missing is not installed unasked: the plan, exit code 2, nothing written', async () => {
    await using stack = await OurStack.make()
    await using models = await tempDir()
    const result = await courante(['up', '--stack', stack.file], {
      ...stack.env,
      COURANTE_MODELS: models.path,
    })
    assert.equal(result.exitCode, 2, result.all)
    assert.match(result.stderr, /moonshine-tiny/)
    assert.match(result.stderr, /MIT/)
    assert.match(result.stderr, /npm run up --yes/)
    await assert.rejects(access(stack.home), 'no home was made')
  })

  test('up --no runs with what is there, and says what is missing', async () => {
    await using stack = await OurStack.make()
    await using models = await tempDir()
    const env = { ...stack.env, COURANTE_MODELS: models.path }
    const up = courante(['up', '--no', '--stack', stack.file], env)
    await stack.ready()
    up.kill('SIGTERM')
    const { exitCode, all } = await up
    assert.equal(exitCode, 143)
    assert.match(all, /moonshine-tiny/)
    await stack.gone()
  })

  test('a busy port is found before the start, with the program that holds it', async () => {
    await using stack = await OurStack.make()
    const server = createServer().listen(stack.ports.backend, '127.0.0.1')
    await once(server, 'listening')
    const result = await courante(['up', '--yes', '--stack', stack.file], stack.env)
    server.close()
    assert.equal(result.exitCode, 1)
    assert.match(
      result.stderr,
      new RegExp(`port ${stack.ports.backend}, which backend needs, is in use by .*\\(pid ${process.pid}\\)`),
    )
    assert.match(result.stderr, /stack\.local\.yaml/)
    assert.equal(await stack.status(), undefined)
  })

  test('a supervisor that cannot start is told with its last words and its log', async () => {
    await using stack = await OurStack.make()
    // Nothing can listen where a folder is in the way.
    await mkdir(join(stack.sockets, 'control.sock/in the way'), { recursive: true, mode: 0o700 })
    const result = await courante(['up', '--yes', '--stack', stack.file], stack.env)
    assert.equal(result.exitCode, 1)
    assert.match(
      result.stderr,
      /the supervisor ended before it was ready[^]*Its whole output is in .*supervisor\.log/,
    )
    assert.doesNotMatch(result.stderr, /ProblemError/, 'words, and no crash of up itself')
  })

  test('a stack that needs another Node says which', async () => {
    await using folder = await tempDir()
    const file = join(folder.path, 'stack.yaml')
    await writeFile(file, "name: x\nenvironment: { node: '>=99' }\nservices:\n  a: { command: sleep 1 }\n")
    const result = await courante(['up', '--yes', '--stack', file])
    assert.equal(result.exitCode, 1)
    assert.match(result.stderr, /needs Node >=99, and this is 2\d\./)
  })

  test('a home that cannot be written is a problem in words', async () => {
    await using stack = await OurStack.make()
    const result = await courante(
      ['up', '--yes', '--stack', stack.file, '--home', join(stack.file, 'var')],
      stack.env,
    )
    assert.equal(result.exitCode, 1)
    assert.match(result.stderr, /can't be written \(ENOTDIR\)/)
  })
})

suite('a stack file with mistakes', () => {
  const cases: [name: string, yaml: string, expected: RegExp][] = [
    ['not YAML', 'name: x\nservices: [', /stack\.yaml:2:12: /],
    [
      'an unknown key',
      'name: x\nservices:\n  web:\n    comand: run\n',
      /stack\.yaml:4:5: services\.web\.comand: unknown key/,
    ],
    ['a missing key', 'name: x\nservices:\n  web:\n    port: 80\n', /:3:3: services\.web\.command: /],
    [
      'a wrong type',
      'name: x\nservices:\n  web: { command: run, port: high }\n',
      /:3:30: services\.web\.port: expected a number/,
    ],
    [
      'a dependency that is not there',
      'name: x\nservices:\n  web: { command: run, depends_on: [db] }\n',
      /:3:37: services\.web\.depends_on\.0: there is no service "db"; there are web/,
    ],
    [
      'a circle',
      'name: x\nservices:\n  a: { command: x, depends_on: [b] }\n  b: { command: x, depends_on: [a] }\n',
      /a circle: a → b → a/,
    ],
    [
      'a port used twice',
      'name: x\nservices:\n  a: { command: x, port: 81 }\n  b: { command: x, port: 81 }\n',
      /:4:26: services\.b\.port: 81 is a's port already/,
    ],
    [
      'an unknown pane',
      'name: x\nservices:\n  a: { command: x, pane: left }\n',
      /services\.a\.pane: there is no pane "left"/,
    ],
    ['no services', 'name: x\nservices: {}\n', /:2:1: services: .*at least one service/],
    [
      'an unknown readiness',
      'name: x\nservices:\n  a: { command: x, ready: { line: y } }\n',
      /services\.a\.ready: one of: log/,
    ],
  ]
  for (const [name, yaml, expected] of cases) {
    test(`${name}: file, line, column and what was expected`, async () => {
      await using folder = await tempDir()
      const file = join(folder.path, 'stack.yaml')
      await writeFile(file, yaml)
      const result = await courante(['up', '--yes', '--stack', file])
      assert.equal(result.exitCode, 2)
      assert.match(result.stderr, expected)
    })
  }

  test('the file that is not there is named', async () => {
    const result = await courante(['up', '--stack', '/nowhere/stack.yaml'])
    assert.equal(result.exitCode, 2)
    assert.match(result.stderr, /no stack file \/nowhere\/stack\.yaml/)
  })

  test("a mistake in the user's own stack.local.yaml is found there", async () => {
    await using folder = await tempDir()
    await writeFile(join(folder.path, 'stack.yaml'), 'name: x\nservices:\n  a: { command: x }\n')
    await writeFile(join(folder.path, 'stack.local.yaml'), 'services:\n  a:\n    port: none\n')
    const result = await courante(['status', '--stack', join(folder.path, 'stack.yaml')])
    assert.equal(result.exitCode, 2)
    assert.match(result.stderr, /stack\.local\.yaml:3:11: services\.a\.port: expected a number/)
  })
})
