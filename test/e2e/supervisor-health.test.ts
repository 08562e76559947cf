import assert from 'node:assert/strict'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { program, Rig } from '../support/supervisor-rig.ts'

suite('supervisor: health, files, tasks', { timeout: 60_000 }, () => {
  test('a service that stops answering its liveness probe is restarted, and it is said what was asked', async () => {
    await using rig = await Rig.make({})
    const healthy = join(rig.stack.home, 'healthy')
    writeFileSync(healthy, '')
    const liveness = {
      probe: { type: 'exec', command: `test -e ${healthy}` },
      everyMs: 20,
      failures: 3,
    } as const
    await using up = await Rig.up({ one: { liveness }, two: {} })
    await up.ready()
    const [one, two] = [await up.pid('one'), await up.pid('two')]
    rmSync(healthy)
    const { service, why } = await up.event('service_recycled')
    assert.equal(service, 'one')
    assert.deepEqual(why, {
      reason: 'not_alive',
      failures: 3,
      waitedFor: `\`test -e ${healthy}\` to succeed`,
    })
    writeFileSync(healthy, '')
    await up.until('a new process', async () => {
      const status = (await up.client.status()).services[0]
      return status?.state === 'ready' && status.pid !== one
    })
    assert.equal(await up.pid('two'), two)
    assert.match(await up.log('main.pane'), /one did not answer 3 times/)
  })

  test('a service over its memory limit is restarted, with its size and the limit in words', async () => {
    await using rig = await Rig.up({ one: { command: program('eater.ts'), memoryLimit: 150e6 } })
    const { why } = await rig.event('service_recycled')
    assert.ok(why.reason === 'memory' && why.bytes > 150e6 && why.limit === 150e6)
    assert.match(await rig.log('main.pane'), /one uses \d+ MB of memory, its limit is 150 MB/)
    await rig.event('service_exited')
  })

  test('a change of watched files restarts once, ignored ones do not; also one that has failed', async () => {
    await using rig = await Rig.make({})
    const src = join(rig.stack.home, 'src')
    mkdirSync(join(src, 'node_modules'), { recursive: true })
    const watch = { paths: [src], ignore: ['ignored'], debounceMs: 100 }
    const command = `test -e ${src}/good && exec sleep 1000; echo bad; exit 3`
    await using up = await Rig.up({ one: { watch }, two: { watch, command, maxFailures: 1 } })
    await up.until('two has failed', async () => (await up.client.status()).services[1]?.state === 'failed')
    for (const name of ['one', 'two']) await up.event('service_watched', event => event.service === name)
    writeFileSync(join(src, 'node_modules', 'x'), '')
    writeFileSync(join(src, 'ignored'), '')
    for (const name of ['a', 'b', 'good']) writeFileSync(join(src, name), '')
    const changed = await up.event('service_recycled', event => event.service === 'one')
    assert.ok(changed.why.reason === 'files_changed')
    const files = changed.why.files.map(file => file.split('/').at(-1))
    assert.deepEqual(files, ['a', 'b', 'good'])
    await up.until('two runs', async () => (await up.client.status()).services[1]?.state === 'ready')
  })

  test('a failed service starts when its files change, with nothing else going on', async () => {
    await using rig = await Rig.make({})
    const src = join(rig.stack.home, 'src')
    mkdirSync(src)
    const watch = { paths: [src], ignore: [], debounceMs: 10 }
    const command = `test -e ${src}/good && exec sleep 1000; exit 3`
    await using up = await Rig.up({ one: { watch, command, maxFailures: 1 } })
    await up.until('failed', async () => (await up.client.status()).services[0]?.state === 'failed')
    await up.event('service_watched')
    writeFileSync(join(src, 'good'), '')
    await up.until('it runs', async () => (await up.client.status()).services[0]?.state === 'ready')
  })

  test('a one-shot task is waited for until it has exited with 0, and counts as ready then', async () => {
    await using rig = await Rig.up({
      web: { dependsOn: ['migrate'] },
      migrate: { command: 'echo migrated; echo "migrate" >>"$STORY"', oneshot: true, restart: 'never' },
    })
    await rig.ready()
    // It counts as ready when it was started, which is before its first line.
    await rig.until('both have written', async () => (await rig.story()).length === 2)
    assert.deepEqual(await rig.story(), ['migrate', 'start web'])
    assert.equal((await rig.event('service_done')).service, 'migrate')
    assert.deepEqual(
      (await rig.client.status()).services.map(({ state }) => state),
      ['ready', 'done'],
    )
  })

  test('a task that fails keeps its dependents waiting, and can be started again', async () => {
    await using rig = await Rig.make({})
    const good = join(rig.stack.home, 'good')
    const command = `test -e ${good}`
    await using up = await Rig.up({
      web: { dependsOn: ['migrate'] },
      migrate: { command, oneshot: true, restart: 'never' },
    })
    await up.event('service_exited')
    const status = await up.client.status()
    assert.deepEqual(
      status.services.map(({ state }) => state),
      ['waiting', 'failed'],
    )
    assert.deepEqual(status.services[1]?.lastEnd, { code: 1 })
    assert.deepEqual(status.services[0]?.waitingFor, ['migrate'])
    writeFileSync(good, '')
    await up.client.start(['migrate'])
    await up.ready()
  })

  test('a crash loop ends after as many failures as the stack allows', async () => {
    await using rig = await Rig.up({ one: { command: 'exit 5', maxFailures: 1 } })
    await rig.until('failed', async () => (await rig.client.status()).services[0]?.state === 'failed')
    const exits = rig.seen.filter(event => event.type === 'service_exited')
    assert.deepEqual(
      exits.map(({ code, restartInMs }) => [code, restartInMs !== undefined]),
      [
        [5, true],
        [5, false],
      ],
    )
  })
})

suite('supervisor: start and stop of single services', { timeout: 60_000 }, () => {
  test('stop takes what depends on it along, start brings what it depends on', async () => {
    const ready = { type: 'log', pattern: '^\\w+ ready$' } as const
    await using rig = await Rig.up({
      core: { ready },
      backend: { ready, dependsOn: ['core'] },
      other: { ready },
    })
    await rig.ready()
    const other = await rig.pid('other')
    await rig.client.stop(['core'])
    const states = async (): Promise<string[]> =>
      (await rig.client.status()).services.map(({ state }) => state)
    assert.deepEqual(await states(), ['idle', 'idle', 'ready'])
    assert.deepEqual((await rig.story()).slice(-2), ['stop backend', 'stop core'])
    await rig.client.start(['backend'])
    await rig.ready()
    assert.deepEqual((await rig.story()).slice(-2), ['start core', 'start backend'])
    assert.equal(await rig.pid('other'), other)
    await assert.rejects(rig.client.stop(['nobody']), /no service named nobody/)
    await assert.rejects(rig.client.start([]), /services must be a list of names/)
  })

  test('the run ends with the service that --exit-on names, and tells its exit code', async () => {
    await using rig = await Rig.up(
      { tests: { command: 'echo testing; exit 3', restart: 'never' }, db: {} },
      { exitOn: 'tests' },
    )
    const stopped = await rig.event('stopped')
    assert.equal(stopped.exitCode, 3)
    assert.equal(await rig.exited(), 0)
    await using killed = await Rig.up(
      { tests: { command: 'kill -9 $$', restart: 'never' } },
      { exitOn: 'tests' },
    )
    assert.equal((await killed.event('stopped')).exitCode, 137)
  })

  test('what a stop waits for is named with its pid, once a second', async () => {
    await using rig = await Rig.up({ one: { command: program('stubborn.sh'), stopGraceMs: 2500 } })
    const [, leader] = await rig.logMatch('one', /stubborn (\d+)/)
    const down = rig.client.down()
    const waits = await rig.event('stop_waits')
    assert.equal(waits.pid, Number(leader))
    assert.match(waits.command, /stubborn\.sh/)
    assert.ok(waits.killInMs > 0 && waits.killInMs < 2500)
    await rig.client.down()
    await down
  })
})

suite('supervisor: terminals of services', { timeout: 60_000 }, () => {
  test('what is typed reaches the program, and its terminal has the size that was told', async () => {
    await using rig = await Rig.up({
      one: { command: 'echo begun; read line; stty size; echo "got $line"; sleep 1000' },
    })
    await rig.logMatch('one', /begun/)
    await rig.client.resize(['one'], { columns: 77, rows: 12 })
    await rig.client.input('one', 'hello\r')
    await rig.logMatch('one', /12 77\r\ngot hello/)
    await assert.rejects(rig.client.resize(['one'], { columns: 0, rows: 12 }), /columns and rows/)
    await rig.client.stop(['one'])
    await assert.rejects(rig.client.input('one', 'x'), /nothing can be typed/)
    await rig.client.start(['one'])
    await rig.until('a process', async () => (await rig.client.status()).services[0]?.pid !== undefined)
    await rig.client.input('one', 'again\r')
    await rig.logMatch('one', /12 77\r\ngot again/)
  })

  test('output is told in order with the events, and its bytes can be read from the log', async () => {
    await using rig = await Rig.up({
      one: { command: 'echo first; read line; echo last words; exit 4', restart: 'never' },
    })
    const told: string[] = []
    let typed = false
    for await (const event of rig.client.events(undefined, { output: true })) {
      if (!typed && (await rig.log('one')).includes('first')) {
        typed = true
        await rig.client.input('one', 'x\r')
      } else if (!typed) {
        await rig.logMatch('one', /first/)
        typed = true
        await rig.client.input('one', 'x\r')
      }
      if (event.type === 'output') {
        const log = await rig.log('one')
        for (const { start, end } of event.pieces) told.push(Buffer.from(log).subarray(start, end).toString())
      }
      if (event.type === 'service_exited') break
    }
    assert.match(told.join(''), /last words\r\n$/)
  })

  test('usage tells CPU, memory and number of processes', async () => {
    await using rig = await Rig.up({ one: { command: 'sleep 1000 & while :; do :; done' } })
    await rig.ready()
    await rig.client.status({ usage: true })
    await rig.until('it burns', async () => {
      const { usage } = (await rig.client.status({ usage: true })).services[0] ?? {}
      return usage !== undefined && usage.cpu > 0 && usage.memory > 100_000 && usage.processes === 2
    })
    assert.equal((await rig.client.status()).services[0]?.usage, undefined)
  })
})
