import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import type { SupervisorEvent } from '../../runner/supervisor/events.ts'
import { SmallStack } from '../support/small-stack.ts'

const yaml = `
name: small
services:
  core: { command: "echo core ready; exec sleep 1000", ready: { log: core ready } }
  backend: { command: "echo backend ready; exec sleep 1000", depends_on: [core], ready: { log: backend ready } }
  web: { command: "echo web ready; exec sleep 1000" }
profiles: { core: [core], voice: [backend] }
restart_key: [backend]
`

suite('courante on a run in the background', { timeout: 120_000 }, () => {
  test('up -d comes back when all is up; status, stop, start, events and down work on it', async () => {
    await using stack = await SmallStack.make(yaml)
    const up = await stack.ask('up', '-d')
    assert.equal(up.exitCode, 0, up.all)
    assert.match(up.stdout, /^small runs in the background \(supervisor \d+\)\. courante attach shows it/m)
    const again = await stack.ask('up', '-d')
    assert.equal(again.exitCode, 0, again.all)
    assert.equal(again.stdout, up.stdout, 'a second one finds the first')
    const events = stack.ask('events', '--json')
    const told = stack.ask('events')
    assert.equal((await stack.ask('status')).exitCode, 0)
    assert.equal((await stack.ask('stop', 'core')).stdout, 'Stopped core, backend.')
    assert.equal((await stack.ask('status')).exitCode, 1)
    assert.equal((await stack.ask('start', 'backend')).stdout, 'Started core, backend.')
    assert.equal((await stack.ask('stop', 'web', '--json')).stdout, '{"stopped":["web"]}')
    assert.equal((await stack.ask('start', '--json', 'web')).stdout, '{"started":["web"]}')
    const stranger = await stack.ask('stop', 'nobody')
    assert.equal(stranger.exitCode, 2)
    assert.match(stranger.stderr, /no service "nobody"/)
    assert.match((await stack.ask('start')).stderr, /name a service\.[^]*Usage: courante start .*SERVICE/)
    await stack.upAgain()
    const restarted = JSON.parse((await stack.ask('restart', '--json')).stdout) as { restarted: object[] }
    assert.deepEqual(Object.keys(restarted.restarted[0] ?? {}), ['service', 'oldPid', 'newPid'])
    await stack.upAgain()
    assert.equal((await stack.ask('down', '--json')).stdout, '{"stopped":["web","backend","core"]}')
    const lines = (await events).stdout.split('\n').map(line => JSON.parse(line) as SupervisorEvent)
    assert.equal(lines.at(-1)?.type, 'stopped')
    assert.ok(lines.some(event => event.type === 'service_ready' && event.service === 'backend'))
    assert.match((await told).stdout, /^\d\d:\d\d:\d\d ● core ready after /m)
    for (const command of ['events', 'attach', 'start', 'stop'])
      assert.equal((await stack.ask(command, ...(command.startsWith('st') ? ['core'] : []))).exitCode, 4)
  })

  test('a profile starts its services and what they depend on, nothing else', async () => {
    await using stack = await SmallStack.make(yaml)
    const up = await stack.ask('up', '-d', '--profile', 'voice')
    assert.equal(up.exitCode, 0, up.all)
    const status = JSON.parse((await stack.ask('status', '--json')).stdout) as {
      services: { name: string }[]
    }
    assert.deepEqual(
      status.services.map(({ name }) => name),
      ['core', 'backend'],
    )
    await stack.ask('down')
    const unknown = await stack.ask('up', '-d', '--profile', 'video')
    assert.equal(unknown.exitCode, 2)
    assert.match(unknown.stderr, /no profile "video"[^]*There are: core, voice/)
  })

  test('up -d tells what could not be brought up, with exit code 1, and leaves the rest running', async () => {
    await using stack = await SmallStack.make(
      `${yaml}  \n`.replace('echo web ready; exec sleep 1000', 'exit 7'),
    )
    const up = await stack.ask('up', '-d')
    assert.equal(up.exitCode, 1, up.all)
    assert.match(
      up.stderr,
      /web is not up: exited with code 7\. The others go on; courante logs web, courante events/,
    )
    assert.match((await stack.ask('status')).stdout, /web +backoff .* exited with code 7/)
    assert.equal((await stack.ask('status')).exitCode, 1)
  })

  test('up -d waits for what comes behind a one-shot task that is done', async () => {
    await using stack = await SmallStack.make(`
services:
  migrate: { command: "echo hi", oneshot: true }
  api: { command: "sleep 0.5; echo READY; exec sleep 1000", depends_on: [migrate], ready: { log: READY } }
`)
    const up = await stack.ask('up', '-d')
    assert.equal(up.exitCode, 0, up.all)
    assert.equal((await stack.ask('status')).exitCode, 0)
  })

  test('up -d says why a program can not be started', async () => {
    await using stack = await SmallStack.make('services: { one: { command: [no-such-program] } }')
    const up = await stack.ask('up', '-d')
    assert.equal(up.exitCode, 1)
    assert.match(up.stderr, /one is not up: there is no program no-such-program on its PATH/)
    assert.match((await stack.ask('status')).stdout, /one +failed .* there is no program/)
  })

  test('who has changed the stack file since is told that the run does not know it', async () => {
    await using stack = await SmallStack.make(yaml)
    assert.equal((await stack.ask('up', '-d', '--profile', 'voice')).exitCode, 0)
    assert.doesNotMatch((await stack.ask('restart', 'core')).stderr, /has changed/)
    await writeFile(stack.file, yaml.replace('sleep 1000', 'sleep 1001'))
    assert.match(
      (await stack.ask('restart', 'core')).stderr,
      /the stack file has changed since this run began/,
    )
    assert.match((await stack.ask('up', '-d')).stderr, /the stack file has changed since this run began/)
    assert.match((await stack.ask('start', 'web')).stderr, /no service named web[^]*another profile/)
    await writeFile(stack.file, yaml.replace(/^profiles:.*$/m, ''))
    const without = await stack.ask('up', '-d')
    assert.equal(without.exitCode, 0, 'its profile is gone, the run is not')
    assert.match(without.stderr, /the stack file has changed since this run began/)
  })

  test('a restart runs its task first: what fails is told, and a signal ends the waiting, not the restart', async () => {
    await using stack = await SmallStack.make(`
services:
  build: { command: 'test -e stuck && echo stuck && exec sleep 1000; test ! -e broken', oneshot: true, restart: never }
  api: { command: "exec sleep 1000", depends_on: [build] }
`)
    assert.equal((await stack.ask('up', '-d')).exitCode, 0)
    const good = await stack.ask('restart')
    assert.match(good.stdout, /^build: done\napi: \d+ → \d+$/)
    await writeFile(join(stack.folder, 'broken'), '')
    const broken = await stack.ask('restart')
    assert.equal(broken.exitCode, 1)
    assert.match(
      broken.stderr,
      /build failed \(exited with code 1\), so api was not restarted\n.*courante logs build/,
    )
    await writeFile(join(stack.folder, 'stuck'), '')
    const restart = stack.ask('restart')
    const logs = stack.ask('logs', 'build', '-f')
    for await (const line of logs) if (line.includes('stuck')) logs.kill()
    restart.kill('SIGTERM')
    const ended = await restart
    assert.equal(ended.exitCode, 143, ended.all)
    assert.match(ended.stderr, /the restart goes on/)
    assert.match((await stack.ask('status')).stdout, /build +starting[^]*api +ready/)
  })

  test('--exit-on ends the run with that service and takes over its exit code', async () => {
    await using stack = await SmallStack.make(
      yaml.replace('"echo web ready; exec sleep 1000"', '"echo testing; exit 3"'),
    )
    const up = await stack.ask('up', '--exit-on', 'web')
    assert.equal(up.exitCode, 3, up.all)
    assert.match(up.stdout, /testing/)
    assert.deepEqual(await stack.left(), [])
    const unknown = await stack.ask('up', '--exit-on', 'nobody')
    assert.equal(unknown.exitCode, 2)
  })

  test('check tells whether a stack file is right', async () => {
    await using stack = await SmallStack.make(yaml)
    const good = await stack.ask('check')
    assert.equal(good.exitCode, 0)
    assert.match(good.stdout, /stack\.yaml is right: 3 services\./)
    await writeFile(stack.file, yaml.replace('  web: { ', '  web: { profiles: [core], '))
    assert.match((await stack.ask('check')).stdout, /is right: 2 services; with a profile alone: web\./)
    await writeFile(stack.file, 'services: { a: { command: x, comand: x, prot: 3 } }')
    assert.match((await stack.ask('check')).stderr, /a\.comand: unknown key\n.*a\.prot: unknown key/)
    await writeFile(stack.file, "services: { a: { command: x, ready: { log: '(' } } }")
    assert.match(
      (await stack.ask('check')).stderr,
      /a\.ready\.log: no regular expression: .*[Uu]nterminated group/,
    )
    await writeFile(stack.file, yaml.replace('depends_on: [core]', 'depends_on: [cor]'))
    const bad = await stack.ask('check')
    assert.equal(bad.exitCode, 2)
    assert.match(bad.stderr, /stack\.yaml:5:\d+: services\.backend\.depends_on\.0: there is no service "cor"/)
  })

  test('variables come from the env files, the later over the earlier, env over both', async () => {
    await using stack = await SmallStack.make(`
name: small
services:
  one: { command: 'echo "$A $B $C" >out; exec sleep 1000', env_file: [a.env, b.env], env: { C: three } }
`)
    await writeFile(join(stack.folder, 'a.env'), '# comment\nA=1\nB="two words"\nC=9\n')
    const missing = await stack.ask('up', '-d')
    assert.equal(missing.exitCode, 2)
    assert.match(missing.stderr, /env_file .*b\.env of one can't be read \(ENOENT\)/)
    await writeFile(join(stack.folder, 'b.env'), 'A=one\n')
    assert.equal((await stack.ask('up', '-d')).exitCode, 0)
    assert.equal(await readFile(join(stack.folder, 'out'), 'utf8'), 'one two words three\n')
  })
})
