import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { identify } from '../../../lib/process-identity.ts'
import { tempDir } from '../../../test/support/temp.ts'
import { readFacts } from './facts.ts'

suite('what the dashboard reads of a home', () => {
  test('nothing, where a stack has no core and no portals', async () => {
    await using home = await tempDir()
    assert.deepEqual(await readFacts(home.path), { models: [], queues: [] })
  })

  test("core's models, while core lives", async () => {
    await using home = await tempDir()
    await mkdir(join(home.path, 'run'))
    const write = (core: object): Promise<void> =>
      writeFile(join(home.path, 'run/core.json'), JSON.stringify({ ...core, models }))
    const models = [{ id: 'tiny', kind: 'llm', state: 'ready', pid: 1, measured: 45e6 }]
    await write(identify(process.pid) ?? {})
    assert.deepEqual((await readFacts(home.path)).models, [{ name: 'tiny', state: 'ready', memory: 45e6 }])
    await write({ ...identify(process.pid), started: 'another time' })
    assert.deepEqual((await readFacts(home.path)).models, [])
  })

  test('how much waits in each portal, and what is live', async () => {
    await using home = await tempDir()
    for (const path of ['stt/ann/todo/a', 'stt/bob/todo/b', 'stt/ann/live/c', 'llm/ann/todo'])
      await mkdir(join(home.path, 'portals', path), { recursive: true })
    assert.deepEqual((await readFacts(home.path)).queues, [
      { name: 'llm', waiting: 0, live: 0 },
      { name: 'stt', waiting: 2, live: 1 },
    ])
  })
})
