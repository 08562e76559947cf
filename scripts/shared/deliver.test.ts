import assert from 'node:assert/strict'
import {
  mkdir,
  mkdtempDisposable,
  readdir,
  readFile,
  readlink,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { tempDir } from '../../test/support/temp.ts'
import { toFile } from './deliver.ts'

async function deliver(to: string, words: string): Promise<string> {
  await using target = await toFile(to, 'x')
  await writeFile(join(target.folder, 'made'), words)
  await target.deliver('made')
  return target.folder
}

test('a link is written through, also one that leads nowhere yet', async () => {
  await using dir = await tempDir()
  await mkdir(join(dir.path, 'sub'))
  await symlink('sub/again', join(dir.path, 'link'))
  await symlink('file', join(dir.path, 'sub/again'))
  for (const words of ['first', 'second']) {
    await deliver(join(dir.path, 'link'), words)
    assert.equal(await readFile(join(dir.path, 'sub/file'), 'utf8'), words)
  }
  assert.equal(await readlink(join(dir.path, 'link')), 'sub/again')
  assert.deepEqual(await readdir(join(dir.path, 'sub')), ['again', 'file'])
})

test('a link that is made meanwhile may lead to another file system', async t => {
  await using dir = await tempDir()
  const elsewhere = '/dev/shm'
  const devices = await Promise.all([dir.path, elsewhere].map(path => stat(path).catch(() => undefined)))
  if (devices[1] === undefined || devices[0]?.dev === devices[1].dev) return t.skip('there is no other one')
  await using other = await mkdtempDisposable(join(elsewhere, 'courante-test-'))
  const link = join(dir.path, 'link')
  {
    await using target = await toFile(link, 'x')
    await writeFile(join(target.folder, 'made'), 'picture')
    await symlink(join(other.path, 'file'), link)
    await target.deliver('made')
  }
  assert.equal(await readFile(join(other.path, 'file'), 'utf8'), 'picture')
  assert.deepEqual(await readdir(other.path), ['file'])
  assert.equal(await readlink(link), join(other.path, 'file'))
})

test('a device is written into, and nothing is made beside it', async () => {
  const folder = await deliver('/dev/null', 'x')
  assert.ok((await stat('/dev/null')).isCharacterDevice())
  assert.notEqual(dirname(folder), '/dev')
})

test('what can not be written is told at once', async () => {
  await using dir = await tempDir()
  await symlink('round', join(dir.path, 'round'))
  for (const [path, words] of [
    [dir.path, /it is a folder/],
    [join(dir.path, 'no/x'), /no such folder/],
    [join(dir.path, 'round'), /ELOOP/],
  ] as const)
    await assert.rejects(toFile(path, 'x'), error => words.test(JSON.stringify(error)))
})
