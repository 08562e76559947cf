import assert from 'node:assert/strict'
import { mkdir, readdir, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { tempDir } from '../../test/support/temp.ts'
import { makeUserFolders, serverFolders, userFolders } from './layout.ts'
import { defaultRetention } from './retention.ts'
import { sweep } from './sweep.ts'
import { Tombstones } from './tombstones.ts'

const day = 24 * 3_600_000

test('a sweep removes what has expired, and nothing that waits or runs', async () => {
  await using dir = await tempDir()
  const server = serverFolders(dir.path, 'stt')
  const folders = userFolders(dir.path, 'stt', 'me')
  makeUserFolders(folders)
  const now = Date.now()
  const dead = join(server.dead, 'me')
  const ages: Record<string, number> = { new: 60_000, old: 40 * day }
  for (const folder of [...(Object.values(folders) as string[]), dead]) {
    for (const [name, age] of Object.entries(ages)) {
      await mkdir(join(folder, name), { recursive: true })
      await writeFile(join(folder, name, 'request.json'), '{}')
      await utimes(join(folder, name), (now - age) / 1000, (now - age) / 1000)
    }
  }
  await mkdir(join(server.trash, 'x'), { recursive: true })
  const swept = { spool: dir.path, service: 'stt', users: ['me'], retention: defaultRetention }
  await sweep({ ...swept, isRunning: () => false }, now)
  for (const folder of [folders.prep, folders.done, folders.error, dead]) {
    assert.deepEqual(await readdir(folder), ['new'], folder)
  }
  // Both wait, so what belongs to them stays however old it is.
  for (const folder of [folders.todo, folders.live, folders.cancel]) {
    assert.deepEqual((await readdir(folder)).sort(), ['new', 'old'], folder)
  }
  await sweep({ ...swept, isRunning: () => false }, now)
  assert.deepEqual(await readdir(server.trash), [])
})

test('a tombstone stays while its result does, and its time begins after that', async () => {
  await using dir = await tempDir()
  const seen = join(dir.path, '.seen')
  const tombstones = new Tombstones(seen)
  const minute = 60_000
  for (const id of ['there', 'collected']) tombstones.set('me', id, '1 a', 0)
  tombstones.set('me', 'later', '1 a', 5 * minute)
  assert.deepEqual(
    ['there', 'collected', 'later', 'never'].map(id => tombstones.has('me', id)),
    [true, true, true, false],
  )
  const expire = (now: number, ...there: string[]) =>
    tombstones.expire(now, 10 * minute, (_user, id) => there.includes(id))
  expire(11 * minute, 'there')
  assert.deepEqual(await readdir(join(seen, 'me')), ['later', 'there'])
  expire(20 * minute)
  assert.deepEqual(await readdir(join(seen, 'me')), ['there'])
  // The next claimer begins to count anew.
  const next = new Tombstones(seen)
  await next.takeOver(21 * minute)
  next.expire(30 * minute, 10 * minute, () => false)
  assert.deepEqual(await readdir(join(seen, 'me')), ['there'])
  next.expire(32 * minute, 10 * minute, () => false)
  assert.deepEqual(await readdir(seen, { recursive: true }), ['me'])
})

test('a tombstone elects one of two who have an answer, and the same one again', async () => {
  await using dir = await tempDir()
  const seen = join(dir.path, '.seen')
  const one = new Tombstones(seen)
  const other = new Tombstones(seen)
  assert.deepEqual(
    [
      one.set('me', 'a', '1 one'),
      other.set('me', 'a', '1 other'),
      other.set('me', 'a', '1 one'),
      one.set('me', 'a', '2 one'),
    ],
    [true, false, true, false],
  )
})

test('tombstones of one text and second are names of one file', async () => {
  await using dir = await tempDir()
  const seen = join(dir.path, '.seen')
  const tombstones = new Tombstones(seen)
  // The first makes the folder, too.
  for (const id of ['first', 'a', 'b']) tombstones.set('me', id, '1 x', 0)
  tombstones.set('me', 'c', '1 x', 2000)
  tombstones.set('me', 'd', '2 x', 0)
  const inode = async (id: string) => (await stat(join(seen, 'me', id))).ino
  assert.equal(await inode('a'), await inode('b'))
  assert.notEqual(await inode('b'), await inode('c'))
  assert.notEqual(await inode('b'), await inode('d'))
  tombstones.close()
  assert.ok(tombstones.has('me', 'c'))
  assert.deepEqual(await readdir(seen), ['me'])
})
