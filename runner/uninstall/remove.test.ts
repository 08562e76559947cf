import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { execa } from 'execa'
import { tempDir } from '../../test/support/temp.ts'
import { remove } from './remove.ts'

const signal = new AbortController().signal

test('what is mounted below a tree stays, and is told, though it is the same disk', async t => {
  await using folder = await tempDir()
  await using precious = await tempDir()
  const mount = join(folder.path, 'a/with blank')
  await mkdir(mount, { recursive: true })
  await mkdir(join(folder.path, 'b'))
  await writeFile(join(precious.path, 'letter'), 'dear')
  const mounted = await execa('mount', ['--bind', precious.path, mount], { reject: false })
  if (mounted.failed) return t.skip('nothing can be mounted here')
  try {
    const left = await remove(
      { group: 'runtime', path: folder.path },
      { tracked: new Set(), untouchable: [], signal },
    )
    assert.deepEqual(left, [{ path: mount, reason: 'other_disk' }])
    assert.deepEqual(await readdir(folder.path), ['a'])
  } finally {
    await execa('umount', [mount])
  }
  assert.equal(await readFile(join(precious.path, 'letter'), 'utf8'), 'dear')
})

test('a tree that holds something untouchable is refused as our own bug', async () => {
  await using folder = await tempDir()
  const kept = join(folder.path, 'project')
  await mkdir(kept)
  const options = { tracked: new Set<string>(), untouchable: [kept], signal }
  await assert.rejects(remove({ group: 'venv', path: folder.path }, options), /holds/)
  assert.ok(existsSync(kept))
})

test('of chosen files, the folders on their way go if nothing else lies in them', async () => {
  await using folder = await tempDir()
  for (const name of ['a/b/ours', 'a/c/ours', 'a/c/theirs']) {
    await mkdir(join(folder.path, name, '..'), { recursive: true })
    await writeFile(join(folder.path, name), '')
  }
  const only = ['a/b/ours', 'a/c/ours'].map(name => join(folder.path, name))
  const options = { tracked: new Set<string>(), untouchable: [folder.path], signal }
  assert.deepEqual(await remove({ group: 'models', path: folder.path, only }, options), [])
  assert.deepEqual((await readdir(folder.path, { recursive: true })).sort(), ['a', 'a/c', 'a/c/theirs'])
})
