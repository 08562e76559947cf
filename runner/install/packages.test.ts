import assert from 'node:assert/strict'
import { mkdir, mkdtempDisposable, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { lookAtPackages } from './packages.ts'

const locked = {
  '': {},
  'node_modules/a': { version: '1.0.0' },
  'node_modules/a/node_modules/b': { version: '2.0.0' },
  'node_modules/for-mac': { version: '1.0.0', optional: true },
  'node_modules/for-tests': { version: '1.0.0', dev: true },
}

test('packages are compared with the lockfile, by what npm says that it installed', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'courante-packages-'))
  const state = () => lookAtPackages(folder.path)[0]?.state
  const installed = async (packages: object) => {
    await mkdir(join(folder.path, 'node_modules'), { recursive: true })
    await writeFile(join(folder.path, 'node_modules/.package-lock.json'), JSON.stringify({ packages }))
  }
  const { '': _root, 'node_modules/for-mac': _mac, 'node_modules/for-tests': _tests, ...needed } = locked
  assert.deepEqual(state(), { type: 'not_ours' })
  await writeFile(join(folder.path, 'package-lock.json'), JSON.stringify({ packages: locked }))
  assert.deepEqual(state(), { type: 'missing' })
  await installed(needed)
  assert.deepEqual(state(), { type: 'fits' })
  await installed({ ...needed, 'node_modules/a/node_modules/b': { version: '1.9.0' } })
  assert.deepEqual(state(), { type: 'differs', packages: ['b'] })
  await installed({ 'node_modules/a': { version: '1.0.0' } })
  assert.deepEqual(state(), { type: 'differs', packages: ['b'] })
  await rm(join(folder.path, 'node_modules/.package-lock.json'))
  assert.deepEqual(state(), { type: 'unfinished' })
})
