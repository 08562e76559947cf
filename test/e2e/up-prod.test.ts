import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { parse, stringify } from 'yaml'
import { connect } from '../../runner/supervisor/control-client.ts'
import type { Status } from '../../runner/supervisor/events.ts'
import { courante } from '../support/courante.ts'
import { OurStack } from '../support/our-stack.ts'

test('up --prod builds the page and serves it from the backend, with no dev server', async () => {
  await using stack = await OurStack.make()
  // Not over the page that somebody may be looking at.
  const page = join(stack.folder, 'dist')
  await change(stack, yaml => {
    yaml.services['page']?.command.push('--outDir', page, '--emptyOutDir')
    Object.assign(yaml.profiles['prod'] ?? {}, { env: { COURANTE_PAGE: page } })
  })
  const up = await courante(['up', '--yes', '-d', '--prod', '--stack', stack.file], stack.env)
  assert.equal(up.exitCode, 0, up.all)
  const status = await stack.status()
  const states = status?.services.map(({ name, state }) => `${name} ${state}`)
  assert.deepEqual(states, ['core ready', 'backend ready', 'page done'])
  const html = await (await fetch(`http://127.0.0.1:${stack.ports.backend}/rooms/lobby`)).text()
  const [, script = ''] = /<script type="module"[^>]* src="(\/assets\/[^"]+)"/.exec(html) ?? []
  const asset = await fetch(`http://127.0.0.1:${stack.ports.backend}${script}`)
  assert.equal(asset.headers.get('content-encoding'), 'gzip')
  assert.match(asset.headers.get('cache-control') ?? '', /immutable/)
  const again = await courante(['up', '-d', '--prod', '--stack', stack.file], stack.env)
  assert.match(again.stderr, /count only at its start/)
  assert.doesNotMatch(again.stderr, /has changed|is not what/, 'the run is as its stack file says')
})

test('R builds the page anew, then restarts the backend; after a build that fails the old one goes on', async () => {
  await using stack = await OurStack.make()
  await standIns(stack)
  const build = join(stack.folder, 'build')
  await change(stack, yaml => Object.assign(yaml.services['page'] ?? {}, { command: ['sh', build] }))
  await writeFile(build, 'echo built')
  const up = await courante(['up', '--yes', '-d', '--prod', '--stack', stack.file], stack.env)
  assert.equal(up.exitCode, 0, up.all)
  const connection = await connect(join(stack.sockets, 'control.sock'))
  assert.ok(connection.running)
  const { client, status: before } = connection
  assert.deepEqual(before.restartKey, ['page', 'backend'])
  // `hello`, then what happens from here on.
  const events = client.events()
  await events.next()
  await client.key('r')
  const seen: string[] = []
  for await (const event of events) {
    if (event.type === 'service_done' || event.type === 'service_ready') seen.push(event.service)
    if (seen.at(-1) === 'backend') break
  }
  assert.deepEqual(seen, ['page', 'backend'])
  const after = await client.status()
  assert.notEqual(pidOf(after, 'backend'), pidOf(before, 'backend'))
  assert.equal(pidOf(after, 'core'), pidOf(before, 'core'))

  await writeFile(build, 'echo no such module >&2; exit 1')
  const told = client.events()
  await told.next()
  await client.key('r')
  for await (const event of told)
    if (
      event.type === 'notice' &&
      event.text.includes('page failed (exited with code 1), so backend was not')
    )
      break
  assert.equal(pidOf(await client.status(), 'backend'), pidOf(after, 'backend'))
})

test('a build that fails is told, and no backend comes up without its page', async () => {
  await using stack = await OurStack.make()
  const command = ['sh', '-c', 'echo no such module >&2; exit 1']
  await change(stack, yaml => Object.assign(yaml.services['page'] ?? {}, { command }))
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
  await standIns(stack)
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

interface Yaml {
  services: Record<string, { command: string[] }>
  profiles: Record<string, object>
}

async function change(stack: OurStack, by: (yaml: Yaml) => void): Promise<void> {
  const yaml = parse(await readFile(stack.file, 'utf8')) as Yaml
  by(yaml)
  await writeFile(stack.file, stringify(yaml))
}

/** The same services, and nothing in them. */
async function standIns(stack: OurStack): Promise<void> {
  await change(stack, yaml => {
    for (const service of Object.values(yaml.services))
      Object.assign(service, { command: ['sh', '-c', 'exec sleep 1000'], ready: undefined, port: undefined })
    Object.assign(yaml.services['page'] ?? {}, { command: ['true'] })
    Object.assign(yaml, { console: { panes: ['backend', 'web'] } })
  })
}

function pidOf({ services }: Status, service: string): number | undefined {
  return services.find(({ name }) => name === service)?.pid
}
