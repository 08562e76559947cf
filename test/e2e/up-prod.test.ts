import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { parse, stringify } from 'yaml'
import { connect } from '../../runner/supervisor/control-client.ts'
import { courante } from '../support/courante.ts'
import { OurStack } from '../support/our-stack.ts'

test('up --prod builds the page and serves it from the backend, with no dev server; R restarts both', async () => {
  await using stack = await OurStack.make()
  const up = await courante(['up', '--yes', '-d', '--prod', '--stack', stack.file], stack.env)
  assert.equal(up.exitCode, 0, up.all)
  const status = await stack.status()
  const states = status?.services.map(({ name, state }) => `${name} ${state}`)
  assert.deepEqual(states, ['core ready', 'backend ready', 'page done'])
  assert.deepEqual(status?.restartKey, ['page', 'backend'])
  const page = await fetch(`http://127.0.0.1:${stack.ports.backend}/rooms/lobby`)
  const html = await page.text()
  const [, script = ''] = /<script type="module"[^>]* src="(\/assets\/[^"]+)"/.exec(html) ?? []
  const asset = await fetch(`http://127.0.0.1:${stack.ports.backend}${script}`)
  assert.equal(asset.headers.get('content-encoding'), 'gzip')
  assert.match(asset.headers.get('cache-control') ?? '', /immutable/)
  const again = await courante(['up', '-d', '--prod', '--stack', stack.file], stack.env)
  assert.match(again.stderr, /count only at its start/)
  assert.doesNotMatch(again.stderr, /has changed|is not what/, 'the run is as its stack file says')
})

test('a build that fails is told, and no backend comes up without its page', async () => {
  await using stack = await OurStack.make()
  const yaml = parse(await readFile(stack.file, 'utf8')) as { services: Record<string, { command: unknown }> }
  Object.assign(yaml.services['page'] ?? {}, { command: ['sh', '-c', 'echo no such module >&2; exit 1'] })
  await writeFile(stack.file, stringify(yaml))
  const up = await courante(['up', '--yes', '-d', '--prod', '--stack', stack.file], stack.env)
  assert.equal(up.exitCode, 1, up.all)
  assert.match(up.stderr, /page[^]*exited with code 1/)
  assert.match((await courante(['logs', 'page', '--stack', stack.file], stack.env)).stdout, /no such module/)
  const backend = (await stack.status())?.services.find(({ name }) => name === 'backend')
  assert.equal(backend?.state, 'waiting')
  assert.ok(backend.waitingFor?.includes('page'))
})

test('--listen is --prod, unless a profile is named; without either there is a dev server and no build', async () => {
  await using stack = await OurStack.make()
  const yaml = parse(await readFile(stack.file, 'utf8')) as { services: Record<string, object> }
  for (const service of Object.values(yaml.services))
    Object.assign(service, { command: ['sh', '-c', 'exec sleep 1000'], ready: undefined, port: undefined })
  Object.assign(yaml.services['page'] ?? {}, { command: ['true'] })
  Object.assign(yaml, { console: { panes: ['backend', 'web'] } })
  await writeFile(stack.file, stringify(yaml))
  for (const [words, services] of [
    [
      ['--listen', '127.0.0.2'],
      ['core', 'backend', 'page'],
    ],
    [
      ['--listen', '127.0.0.2', '--profile', 'voice'],
      ['core', 'backend'],
    ],
    [[], ['core', 'backend', 'frontend']],
  ] as const) {
    const up = await courante(['up', '--yes', '-d', ...words, '--stack', stack.file], stack.env)
    assert.equal(up.exitCode, 0, up.all)
    const connection = await connect(join(stack.sockets, 'control.sock'))
    assert.ok(connection.running)
    assert.deepEqual(
      connection.status.services.map(({ name }) => name),
      services,
    )
    await connection.client.down()
  }
})
