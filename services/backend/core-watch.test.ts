import assert from 'node:assert/strict'
import { mkdir, rename, rmdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { tempDir } from '../../test/support/temp.ts'
import { identify } from '../../lib/process-identity.ts'
import { CoreWatch } from './core-watch.ts'

test('a file of core’s that can’t be read ends nothing: it is said once, and what was seen last stands', async () => {
  await using home = await tempDir()
  const path = join(home.path, 'run/core.json')
  const write = async (models: unknown[]): Promise<void> => {
    await writeFile(`${path}.new`, JSON.stringify({ ...identify(process.pid), models }))
    await rename(`${path}.new`, path)
  }
  const said = Promise.withResolvers<void>()
  const lines: string[] = []
  await mkdir(join(home.path, 'run'))
  const watch = new CoreWatch(home.path, line => {
    lines.push(line)
    said.resolve()
  })
  const heard: string[] = []
  let next = Promise.withResolvers<void>()
  watch.on(core => {
    heard.push(core === undefined ? 'gone' : String(core.models.length))
    next.resolve()
  })
  // As EMFILE does, it makes reading fail for a reason that says nothing of core.
  await mkdir(path)
  await said.promise
  assert.match(lines[0] ?? '', /EISDIR/)
  await rmdir(path)
  await write([])
  await next.promise
  next = Promise.withResolvers()
  await write([{ id: 'a', state: 'ready' }])
  await next.promise
  watch.close()
  assert.deepEqual(heard, ['0', '1'])
  assert.equal(lines.length, 1)
})
