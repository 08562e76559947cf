import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { readdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { identify } from '../../lib/process-identity.ts'
import { freePort } from '../support/free-port.ts'
import { hasProgram } from '../support/programs.ts'
import { isFree, ShownStack } from '../support/shown-stack.ts'
import { program } from '../support/supervisor-rig.ts'

const skip = hasProgram('tmux') ? false : 'tmux is not installed'
const usual = 'builtin'
const consoles = ['builtin', 'tmux', 'plain'] as const

suite('what users of other supervisors complain of: processes', { skip, concurrency: 2 }, () => {
  test("the group's child survives the leader (process-compose#520)", async () => {
    const politely =
      "(trap '' TERM HUP INT; echo child $(sh -c 'echo $PPID'); while :; do sleep 1000; done) & "
    await using stack = await ShownStack.make({
      heir: { command: program('heir.sh'), restart: 'never' },
      holder: { command: program('pipe-holder.ts'), restart: 'never' },
      polite: { command: `${politely}trap 'exit 0' TERM; wait; wait`, stop_grace: 0.3 },
    })
    const terminal = await stack.typeUp(usual)
    const [heir] = await stack.logged('heir', /heir (\d+)/)
    const [holder] = await stack.logged('holder', /holder (\d+)/)
    const [child] = await stack.logged('polite', /child (\d+)/)
    await terminal.shows(/heir exited with code 7/)
    await terminal.shows(/holder exited with code 7/)
    assert.equal(identify(Number(heir)), undefined)
    assert.equal(identify(Number(holder)), undefined)
    assert.notEqual(identify(Number(child)), undefined)
    await terminal.press('q')
    await terminal.shows(/ended with 0/)
    assert.equal(identify(Number(child)), undefined)
    await stack.gone()
  })

  test('shutdown hangs and nothing says who blocks (process-compose#354)', async () => {
    await using stack = await ShownStack.make({
      quick: { command: program('worker.sh') },
      stuck: { command: program('stubborn.sh'), stop_grace: 600 },
    })
    const terminal = await stack.up(usual)
    const [leader] = await stack.logged('stuck', /stubborn (\d+)/)
    await terminal.press('q')
    await terminal.shows(new RegExp(`waiting for stuck.*pid ${leader}\\b.*killed in`))
    await terminal.press('q')
    await terminal.shows(/ended with 0/)
    await stack.gone()
  })

  test('kill -9 leaves servers on their ports (turborepo#9666, tilt#3962)', async () => {
    const port = await freePort()
    await using stack = await ShownStack.make({ server: { command: program('port-holder.ts'), port } })
    const terminal = await stack.up(usual)
    assert.equal(await isFree(port), false)
    process.kill(await stack.supervisor(), 'SIGKILL')
    await terminal.shows(/the supervisor was killed[^]*ended with 1/)
    await stack.gone()
    assert.equal(await isFree(port), true)
  })

  for (const console of consoles) {
    test(`a closed terminal leaves servers on their ports: ${console} (turborepo#908)`, async () => {
      const port = await freePort()
      await using stack = await ShownStack.make({
        server: { command: program('port-holder.ts'), port, stop_grace: 0.3 },
        // With something to print, writing to the terminal fails at the same moment.
        flood: { command: program('flood.ts'), env: { NOTES: '.' } },
      })
      const terminal = await stack.up(console)
      await terminal.close()
      await stack.gone()
      assert.equal(await isFree(port), true)
    })
  }

  for (const console of consoles) {
    test(`Ctrl-C arrives twice: ${console} (concurrently#283)`, async () => {
      await using stack = await ShownStack.make({ late: { command: program('late.ts') } })
      const terminal = await stack.up(console)
      await stack.logged('late', /late is here/)
      // Both in one write: what a wrapper does that passes on the signal which its child had already.
      await terminal.press('C-c', 'C-c')
      await terminal.shows(/ended with 130/)
      assert.deepEqual(await stack.noted(), ['SIGTERM', 'ended'])
      await stack.gone()
    })
  }

  test('SIGINT to up arrives twice, as under npm (concurrently#283)', async () => {
    await using stack = await ShownStack.make({ late: { command: program('late.ts') } })
    const terminal = await stack.up(usual)
    await stack.logged('late', /late is here/)
    const up = await stack.upPid()
    for (const _ of ['terminal', 'npm']) process.kill(up, 'SIGINT')
    await terminal.shows(/ended with 130/)
    assert.deepEqual(await stack.noted(), ['SIGTERM', 'ended'])
    await stack.gone()
  })

  for (const console of consoles) {
    test(`a second Ctrl-C does not force: ${console} (docker/compose#1729)`, async () => {
      await using stack = await ShownStack.make({
        stuck: { command: program('stubborn.sh'), stop_grace: 600 },
      })
      const terminal = await stack.up(console)
      await stack.logged('stuck', /stubborn/)
      await terminal.press('C-c')
      await terminal.shows(/waiting for stuck/)
      await terminal.press('C-c')
      await terminal.shows(/ended with 130/)
      await stack.gone()
    })
  }

  for (const console of consoles) {
    test(`exit 0 after ^C: ${console} (concurrently#470)`, async () => {
      await using stack = await ShownStack.make({ one: { command: 'exec sleep 1000' } })
      const terminal = await stack.up(console)
      await terminal.press('C-c')
      await terminal.shows(/ended with 130/)
      await stack.gone()
    })
  }

  test('the prompt returns before the children end (concurrently#255)', async () => {
    await using stack = await ShownStack.make({ late: { command: program('late.ts') } })
    const terminal = await stack.open()
    await terminal.type(
      `${stack.command('up', '--yes', '--console', usual)}; echo "at the prompt:" $(cat ${stack.story})`,
    )
    await stack.logged('late', /late is here/)
    await stack.ready()
    await terminal.press('C-c')
    await terminal.shows(/^at the prompt: SIGTERM ended$/m)
    await stack.gone()
  })

  test('no readiness: what depends on it starts at once (dekit#158)', async () => {
    const port = await freePort()
    await using stack = await ShownStack.make({
      db: { command: program('listener.ts'), port, ready: { http: '/' }, env: { OPEN: '$' } },
      web: { command: program('worker.sh'), depends_on: ['db'], ready: { log: 'web ready' } },
    })
    const terminal = await stack.typeUp(usual)
    await terminal.shows(/web waits for db/)
    await stack.logged('db', /listening/)
    const waiting = (await stack.status())?.services.map(({ state, waitingFor }) => [state, waitingFor])
    assert.deepEqual(waiting, [
      ['starting', undefined],
      ['waiting', ['db']],
    ])
    assert.deepEqual(await stack.noted(), [])
    await writeFile(join(stack.folder, '$'), '')
    await terminal.shows(/db ready after[^]*web ready after/)
    assert.deepEqual(await stack.noted(), ['start web'])
  })

  test('a restart key is missing (concurrently#239)', async () => {
    await using stack = await ShownStack.make(
      { one: { command: program('worker.sh') }, two: { command: program('worker.sh') } },
      { restart_key: ['one'] },
    )
    const terminal = await stack.up(usual)
    const [one, two] = [await stack.pid('one'), await stack.pid('two')]
    await stack.until('both run', async () => ((await stack.noted()).length === 2 ? true : undefined))
    await terminal.press('r')
    await stack.until('a new process', async () => {
      const status = await stack.status()
      const pid = status?.services[0]?.pid
      return status?.ready === true && pid !== undefined && pid !== one ? true : undefined
    })
    await stack.until('it is there', async () => ((await stack.noted()).length === 4 ? true : undefined))
    assert.equal(await stack.pid('two'), two)
    assert.deepEqual((await stack.noted()).slice(2), ['stop one', 'start one'])
  })

  test('a stale socket after a crash says "already running" (overmind#16)', async () => {
    const port = await freePort()
    await using stack = await ShownStack.make({
      server: { command: program('port-holder.ts'), port, stop_grace: 0.3 },
    })
    const terminal = await stack.up(usual)
    const [guard, supervisor] = [await stack.guard(), await stack.supervisor()]
    const [child] = await stack.logged('server', /holding (\d+)/)
    // Stopped, the guard can't act; killed at last in the order that leaves the most behind.
    process.kill(guard, 'SIGSTOP')
    process.kill(supervisor, 'SIGKILL')
    await terminal.shows(/ended with 1/)
    process.kill(guard, 'SIGKILL')
    assert.equal(existsSync(join(stack.sockets, 'control.sock')), true, 'the socket is there')
    assert.notEqual(identify(Number(child)), undefined, 'and so is a server')
    await terminal.type('clear')
    await stack.up(usual)
    assert.doesNotMatch((await terminal.screen()).join('\n'), /already|in use/)
    assert.equal(identify(Number(child)), undefined)
    await terminal.press('q')
    await terminal.shows(/ended with 0/)
    await stack.gone()
  })

  test('restart while the port is not free yet (process-compose#530)', async () => {
    const port = await freePort()
    await using stack = await ShownStack.make({
      server: { command: program('port-lingerer.ts'), port, env: { FREE: 'free' } },
    })
    const free = join(stack.folder, 'free')
    const terminal = await stack.up(usual)
    const [helper] = await stack.logged('server', /listening (\d+)/)
    await terminal.press('r')
    await stack.until('it waits to start', async () => {
      const [server] = (await stack.status())?.services ?? []
      return server?.state === 'starting' && server.pid === undefined ? true : undefined
    })
    assert.notEqual(identify(Number(helper)), undefined)
    assert.equal(await isFree(port), false)
    await writeFile(free, '')
    await stack.logged('server', /listening \d+[^]*listening \d+/)
    assert.equal((await stack.ready()).services[0]?.restarts, 1, 'not one attempt too many')
    assert.doesNotMatch(await stack.log('server'), /EADDRINUSE/)
    await terminal.press('q')
    await terminal.shows(/ended with 0/)
    await stack.until('the helper ends', async () => (await isFree(port)) || undefined)
  })

  test('30 GB of logs (pm2#1309)', async () => {
    const limits = { max_file: '200kB', max_total: '1MB' }
    await using stack = await ShownStack.make(
      { noisy: { command: program('noise.ts'), restart: 'never', env: { LINES_TO_WRITE: '150000' } } },
      { logs: limits },
    )
    const terminal = await stack.typeUp(usual)
    await terminal.shows(/noisy exited with code 0/)
    const folder = join(stack.home, 'logs')
    let size = 0
    for (const name of await readdir(folder)) size += (await stat(join(folder, name))).size
    assert.ok(size > 500_000 && size < 1_300_000, `${size} bytes in the logs' folder`)
    assert.match(await stack.log('noisy'), /line 149999\x1b\[0m é\r\n\x1b\[30mline 150000\x1b\[0m é\r\n$/)
  })
})
