import assert from 'node:assert/strict'
import { existsSync, writeFileSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { identify } from '../../lib/process-identity.ts'
import { connect } from '../../runner/supervisor/control-client.ts'
import { processesWith } from '../../runner/supervisor/group.ts'
import { portHolder } from '../../runner/supervisor/ports.ts'
import { sweepStaleRun } from '../../runner/supervisor/sweep.ts'
import { freePort } from '../support/free-port.ts'
import { program, Rig } from '../support/supervisor-rig.ts'

suite('supervisor: a run from start to end', { timeout: 60_000 }, () => {
  test('services start in dependency order and stop in reverse; nothing is left', async () => {
    const ready = { type: 'log', pattern: '^\\w+ ready$' } as const
    await using rig = await Rig.up({
      web: { ready, dependsOn: ['backend'] },
      backend: { ready, dependsOn: ['core'], env: { DELAY: '0.05' } },
      core: { ready, env: { DELAY: '0.1' } },
    })
    await rig.ready()
    assert.deepEqual(await rig.story(), ['start core', 'start backend', 'start web'])
    const order = rig.seen.filter(event => event.type === 'service_ready').map(event => event.service)
    assert.deepEqual(order, ['core', 'backend', 'web'])
    assert.equal((await stat(join(rig.stack.sockets, 'control.sock'))).mode & 0o777, 0o600)

    await rig.client.down()
    assert.deepEqual((await rig.story()).slice(3), ['stop web', 'stop backend', 'stop core'])
    assert.equal(await rig.exited(), 0)
    assert.equal(existsSync(rig.stack.sockets), false, 'the folder of the sockets went too')
    assert.equal(existsSync(join(rig.stack.home, 'run/supervisor.json')), false)
    assert.deepEqual(processesWith(`COURANTE_RUN=${rig.stack.run}`), [])
    assert.deepEqual(rig.seen.at(-1)?.type, 'stopped')
    assert.match(await rig.log('main.pane'), /● core ready after .*\n[^]*○ web stopped/)
    assert.deepEqual(await connect(join(rig.stack.sockets, 'control.sock')), {
      running: false,
      reason: 'no_socket',
    })
  })

  test('each kind of readiness is waited for', async () => {
    await using rig = await Rig.make({})
    const open = join(rig.stack.home, 'open')
    const [http, tcp] = [await freePort(), await freePort()]
    const command = program('listener.ts')
    const url = `http://127.0.0.1:${http}/healthz`
    await using up = await Rig.up({
      http: { command, port: http, env: { OPEN: open }, ready: { type: 'http', url } },
      tcp: { command, port: tcp, ready: { type: 'tcp', port: tcp, host: '127.0.0.1' } },
      exec: { ready: { type: 'exec', command: `test -e ${open}` } },
      line: { ready: { type: 'log', pattern: 'line ready' } },
      started: {},
    })
    await up.until('three are ready', async () => {
      const { services } = await up.client.status()
      return services.filter(({ state }) => state === 'ready').length === 3
    })
    await up.logMatch('http', /listening/)
    const states = (await up.client.status()).services.map(({ name, state }) => `${name} ${state}`)
    assert.deepEqual(states.slice(0, 3), ['http starting', 'tcp ready', 'exec starting'])
    writeFileSync(open, '')
    await up.ready()
    const holder = await portHolder(http)
    assert.equal(typeof holder === 'object' ? holder.pid : holder, await up.pid('http'))
  })

  test('a service that is not ready in time is stopped and tried again, and it is said what was waited for', async () => {
    await using rig = await Rig.up({
      slow: { ready: { type: 'log', pattern: 'never' }, readyTimeoutMs: 100 },
    })
    const unready = await rig.event('service_unready')
    assert.equal(unready.waitedFor, 'a line like /never/')
    assertAbout((await rig.event('service_exited')).restartInMs, 500)
  })

  test('SIGTERM stops as `down` does; SIGHUP means nothing', async () => {
    await using rig = await Rig.up({ one: {} })
    await rig.ready()
    await rig.logMatch('one', /one ready/)
    rig.child.kill('SIGHUP')
    assert.equal((await rig.client.status()).stopping, false)
    rig.child.kill('SIGTERM')
    assert.equal(await rig.exited(), 0)
    assert.deepEqual(await rig.story(), ['start one', 'stop one'])
  })

  test('a second supervisor of the same home is refused', async () => {
    await using rig = await Rig.up({ one: {} })
    const first = rig.child
    await assert.rejects(rig.start(), /a supervisor runs already for this home/)
    rig.child = first
    await rig.ready()
  })

  test('the log holds every byte, also of a program that ends at once; the earlier run keeps its own', async () => {
    const service = {
      command: program('noise.ts'),
      env: { LINES_TO_WRITE: '20000', CODE: '3' },
      restart: 'never',
    } as const
    await using rig = await Rig.up({ noise: { ...service, env: { ...service.env } } })
    const exit = await rig.event('service_exited')
    assert.equal(exit.code, 3)
    assert.deepEqual(
      exit.lastLines,
      [19996, 19997, 19998, 19999, 20000].map(number => `line ${number} é`),
    )
    const expected = Array.from(
      { length: 20_000 },
      (_, at) => `\x1b[3${(at + 1) % 8}mline ${at + 1}\x1b[0m é\r\n`,
    ).join('')
    assert.equal(await rig.log('noise'), expected)
    const chunks = await Array.fromAsync(rig.client.logs('noise', { lines: 2 }))
    assert.equal(
      Buffer.concat(chunks).toString(),
      '\x1b[37mline 19999\x1b[0m é\r\n\x1b[30mline 20000\x1b[0m é\r\n',
    )
    await rig.client.down()
    await rig.exited()
    await rig.start()
    await rig.event('service_exited')
    assert.equal(await rig.log('noise.000000000000000'), expected)
  })

  test('logs can be followed', async () => {
    await using rig = await Rig.up({ one: {}, two: {} })
    let text = ''
    for await (const chunk of rig.client.logs('one', { follow: true })) {
      text += chunk.toString()
      // The shell may add a word of its own when it is stopped.
      if (text === 'one ready\r\n') void rig.client.restart(['one'])
      if (text.split('one ready\r\n').length === 3) break
    }
  })

  test('a service finds its ports, folders and terminal in its environment', async () => {
    const port = await freePort()
    await using rig = await Rig.up({
      one: { command: 'env; test -t 1 && echo on a terminal; sleep 1000', port },
      'a-b': { port: 7 },
    })
    await rig.logMatch('one', /on a terminal/)
    const env = await rig.log('one')
    for (const line of [
      `PORT=${port}`,
      `COURANTE_PORT_ONE=${port}`,
      'COURANTE_PORT_A_B=7',
      `COURANTE_HOME=${rig.stack.home}`,
      `COURANTE_SOCKETS=${rig.stack.sockets}`,
      `COURANTE_MODELS=${rig.stack.models}`,
      `COURANTE_RUN=${rig.stack.run}`,
      'COURANTE_SERVICE=one',
      'TERM=xterm-256color',
      'PYTHONUNBUFFERED=1',
    ])
      assert.ok(env.includes(`${line}\r\n`), line)
  })
})

suite('supervisor: restart and keys', { timeout: 60_000 }, () => {
  test('a restart gives a new pid and leaves the others', async () => {
    await using rig = await Rig.up({ one: {}, two: {} })
    await rig.ready()
    const [one, two] = [await rig.pid('one'), await rig.pid('two')]
    const [done] = await rig.client.restart()
    assert.equal(done?.oldPid, one)
    assert.notEqual(done?.newPid, one)
    assert.equal(done?.newPid, await rig.pid('one'))
    assert.equal(await rig.pid('two'), two)
    assert.equal(identify(one), undefined)
    await assert.rejects(rig.client.restart(['three']), /no service named three/)
  })

  test('a byte in the key pipe is a key press, in upper or lower case', async () => {
    await using rig = await Rig.up({ one: {} })
    await rig.ready()
    await rig.logMatch('one', /one ready/)
    const before = await rig.pid('one')
    const keys = join(rig.stack.sockets, 'keys')
    await rig.until('the pipe', () => existsSync(keys))
    writeFileSync(keys, 'xR')
    await rig.event('restarting')
    await rig.until('a new pid', async () => {
      const { pid } = (await rig.client.status()).services[0] ?? {}
      return pid !== undefined && pid !== before
    })
    writeFileSync(keys, 'p')
    const { result } = await rig.event('pull_result')
    assert.equal(result.ok ? '' : result.reason, 'no_checkout')
    assert.match(await rig.log('main.pane'), /not pulled: .* is not a git checkout/)
    writeFileSync(keys, 'q')
    assert.equal(await rig.exited(), 0)
  })

  test('a restart waits for the port, and a port that is held is named', async () => {
    const port = await freePort()
    const command = program('listener.ts')
    const ready = { type: 'tcp', port, host: '127.0.0.1' } as const
    await using rig = await Rig.up({ one: { command, port, ready } })
    await rig.ready()
    await rig.client.restart()
    await rig.ready()
    assert.equal((await rig.client.status()).services[0]?.restarts, 1)
  })
})

suite('supervisor: ends that nobody asked for', { timeout: 60_000 }, () => {
  test('a crash is shown with code, last words and back-off, and the service starts again', async () => {
    await using rig = await Rig.up({ one: { command: "echo '\x1b[31mlast words\x1b[0m'; exit 4" } })
    const exit = await rig.event('service_exited')
    assert.deepEqual([exit.code, exit.lastLines], [4, ['last words']])
    assertAbout(exit.restartInMs, 500)
    assert.match(await rig.log('main.pane'), /✕ one exited with code 4 after .*; starts again in 0\.[56] s/)
    const again = await rig.event('service_exited', event => (event.restartInMs ?? 0) >= 900)
    assert.equal(again.code, 4)
    const status = (await rig.client.status()).services[0]
    assert.equal(status?.state, 'backoff')
  })

  test('a service killed by a signal is said to be, and comes back', async () => {
    await using rig = await Rig.up({ one: {} })
    await rig.ready()
    const pid = await rig.pid('one')
    process.kill(pid, 'SIGKILL')
    assert.equal((await rig.event('service_exited')).signal, 'SIGKILL')
    await rig.ready()
    assert.notEqual(await rig.pid('one'), pid)
  })

  test('a program that is not there is a failure with words, not a loop', async () => {
    await using rig = await Rig.up({ one: { command: ['no-such-program-here'] } })
    const event = await rig.event('service_not_started')
    assert.deepEqual(event.why, { reason: 'no_program', program: 'no-such-program-here' })
    assert.equal((await rig.client.status()).services[0]?.state, 'failed')
    await rig.client.down()
  })

  test('a leader that dies leaves no grandchild behind before the next start', async () => {
    await using rig = await Rig.up({ one: { command: program('heir.sh') } })
    const exit = await rig.event('service_exited')
    assert.equal(exit.code, 7)
    const [, heir] = await rig.logMatch('one', /heir (\d+)/)
    assert.equal(identify(Number(heir)), undefined)
  })

  test('a child that ignores every signal is killed with its grandchild at the grace limit', async () => {
    await using rig = await Rig.up({ one: { command: program('stubborn.sh'), stopGraceMs: 200 } })
    const [, leader, child] = await rig.logMatch('one', /stubborn (\d+) (\d+)/)
    await rig.client.down()
    assert.equal((await rig.event('service_killed')).graceMs, 200)
    for (const pid of [leader, child]) assert.equal(identify(Number(pid)), undefined)
  })

  test('a second `down` kills at once', async () => {
    await using rig = await Rig.up({ one: { command: program('stubborn.sh'), stopGraceMs: 600_000 } })
    await rig.logMatch('one', /stubborn/)
    const first = rig.client.down()
    await rig.event('stopping')
    await rig.client.down()
    await first
    assert.equal(await rig.exited(), 0)
  })

  test('what made itself a daemon is ended with its service', async () => {
    await using rig = await Rig.up({ one: { command: program('daemon.ts'), stopGraceMs: 300 }, two: {} })
    const [, daemon] = await rig.logMatch('one', /daemon (\d+)/)
    assert.notEqual(identify(Number(daemon)), undefined)
    await rig.client.restart(['one'])
    assert.equal(identify(Number(daemon)), undefined)
  })

  test('after kill -9 of the supervisor nothing lives on, and the next one cleans up', async () => {
    await using rig = await Rig.up({
      stubborn: { command: program('stubborn.sh') },
      daemon: { command: program('daemon.ts') },
    })
    const pids = [
      ...(await rig.logMatch('stubborn', /stubborn (\d+) (\d+)/)).slice(1),
      ...(await rig.logMatch('daemon', /daemon (\d+)/)).slice(1),
    ].map(Number)
    for (const pid of pids) assert.notEqual(identify(pid), undefined)
    rig.child.kill('SIGKILL')
    await rig.exited()
    await rig.until('nothing left', () => processesWith(`COURANTE_RUN=${rig.stack.run}`).length === 0)
    for (const pid of pids) assert.equal(identify(pid), undefined)
    const socket = join(rig.stack.sockets, 'control.sock')
    assert.deepEqual(await connect(socket), { running: false, reason: 'stale_socket' })
    await rig.start()
    assert.equal((await rig.client.status()).services.length, 2)
  })

  test('what a supervisor and its guard left behind is swept before the next run, and nothing else', async () => {
    await using rig = await Rig.up({ one: {}, daemon: { command: program('daemon.ts') } })
    await using other = await Rig.up({ one: {} })
    await other.ready()
    const [, daemon] = await rig.logMatch('daemon', /daemon (\d+)/)
    assert.deepEqual(await sweepStaleRun(rig.stack.home), {
      type: 'running',
      pid: rig.child.pid,
      sockets: rig.stack.sockets,
    })
    const guard = await rig.guard()
    // Stopped, neither can act; killed at last in the order that leaves the most behind.
    process.kill(guard, 'SIGSTOP')
    rig.child.kill('SIGKILL')
    await rig.exited()
    process.kill(guard, 'SIGKILL')
    const swept = await sweepStaleRun(rig.stack.home)
    assert.ok(swept.type === 'swept' && swept.ended.some(({ pid }) => pid === Number(daemon)))
    assert.equal(identify(Number(daemon)), undefined)
    assert.equal(existsSync(rig.stack.sockets), false, 'the folder of the sockets went too')
    assert.deepEqual(await sweepStaleRun(rig.stack.home), { type: 'clean' })
    assert.notEqual(identify(await other.pid('one')), undefined)
  })

  test('a guard that is killed is replaced, and the new one knows what to guard', async () => {
    await using rig = await Rig.up({ stubborn: { command: program('stubborn.sh') } })
    await rig.logMatch('stubborn', /stubborn/)
    const first = await rig.guard()
    process.kill(first, 'SIGKILL')
    await rig.until('another guard', async () => (await rig.guards()).some(pid => pid !== first))
    await rig.until('the first is gone', () => identify(first) === undefined)
    rig.child.kill('SIGKILL')
    await rig.until('nothing left', () => processesWith(`COURANTE_RUN=${rig.stack.run}`).length === 0)
  })
})

/** A back-off is spread by a tenth to either side. */
function assertAbout(value: number | undefined, expected: number): void {
  assert.ok(value !== undefined && Math.abs(value - expected) <= expected / 10, `${value}, not ${expected}`)
}
