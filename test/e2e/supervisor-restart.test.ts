import assert from 'node:assert/strict'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { Rig } from '../support/supervisor-rig.ts'

/** Comes up where the file `ok` is in its folder, else ends with 1. */
const ifOk = { command: 'test -e ok && echo it is up && exec sleep 1000; exit 1' }
const ready = { type: 'log', pattern: 'it is up' } as const
const task = { oneshot: true, restart: 'never' } as const

suite('supervisor: a restart of several', { timeout: 60_000 }, () => {
  test('its tasks run first, while the rest is up; the rest restarts only if they end well', async () => {
    // Ends when it is told to, with the code that it is told.
    const build =
      'echo building; until code=$(cat code 2>/dev/null); do sleep 0.02; done; rm code; exit $code'
    await using rig = await Rig.up({
      page: { ...task, command: build },
      backend: { dependsOn: ['page'] },
      other: {},
    })
    const endBuild = (code: string): void => writeFileSync(join(rig.stack.home, 'code'), code)
    const isBuilding = async (): Promise<boolean> =>
      (await rig.client.status()).services.some(({ name, pid }) => name === 'page' && pid !== undefined)
    endBuild('0')
    await rig.ready()
    const before = await rig.pid('backend')

    const bad = rig.client.restart(['backend', 'page'])
    const same = rig.client.restart(['page', 'backend'])
    const next = rig.client.restart(['other'])
    await rig.until('the build', isBuilding)
    assert.equal(await rig.pid('backend'), before)
    endBuild('3')
    const words = /page failed \(exited with code 3\), so backend was not restarted/
    await assert.rejects(bad, words)
    await assert.rejects(same, words)
    assert.equal((await next).length, 1, 'who stood behind it is served')
    assert.equal(await rig.pid('backend'), before, 'the old one stays up')

    endBuild('0')
    const [page, backend] = await rig.client.restart(['page', 'backend'])
    assert.deepEqual(page, { service: 'page', done: true })
    assert.equal(backend?.oldPid, before)
    assert.equal(backend?.newPid, await rig.pid('backend'))
    assert.notEqual(backend?.newPid, before)

    endBuild('4')
    await rig.client.key('r')
    await rig.event('notice', ({ text }) =>
      /page failed \(exited with code 4\); courante logs page/.test(text),
    )
  })

  for (const restart of ['never', 'always'] as const)
    test(`it answers when what the others wait for fails, restart: ${restart}`, async () => {
      await using rig = await Rig.up({
        one: { ...ifOk, ready, restart },
        two: { dependsOn: ['one'] },
        three: { dependsOn: ['two'] },
      })
      writeFileSync(join(rig.stack.home, 'ok'), '')
      await rig.event('service_exited')
      await rig.client.start(['three'])
      await rig.ready()
      rmSync(join(rig.stack.home, 'ok'))
      const restarted = await rig.client.restart(['one', 'two', 'three'])
      assert.deepEqual(
        restarted.slice(1).map(({ newPid }) => newPid),
        [undefined, undefined],
      )
      assert.equal((await rig.client.restart(['two'])).length, 1, 'and so does the next one')
    })

  test('one that could not come back stays up', async () => {
    await using rig = await Rig.up({ one: { restart: 'never' }, two: { dependsOn: ['one'] } })
    await rig.ready()
    const before = await rig.pid('two')
    process.kill(await rig.pid('one'), 'SIGKILL')
    await rig.event('service_exited')
    await assert.rejects(
      rig.client.restart(['two']),
      /two was left as it is: it could not come back without one/,
    )
    assert.equal(await rig.pid('two'), before)
    await rig.client.restart(['one', 'two'])
    await rig.ready()
  })

  test('a task that needs one of the others, which is down, comes after it', async () => {
    await using rig = await Rig.up({
      base: { ...ifOk, ready, restart: 'never' },
      migrate: { ...task, command: 'true', dependsOn: ['base'] },
      api: { dependsOn: ['migrate'] },
    })
    await rig.event('service_exited')
    writeFileSync(join(rig.stack.home, 'ok'), '')
    const restarted = await rig.client.restart(['base', 'migrate', 'api'])
    assert.notEqual(restarted[2]?.newPid, undefined)
    await rig.ready()
  })
})
