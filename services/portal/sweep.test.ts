import assert from 'node:assert/strict'
import { mkdir, readdir, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { tempDir } from '../../test/support/temp.ts'
import { makeUserFolders, serverFolders, userFolders } from './layout.ts'
import { defaultRetention } from './retention.ts'
import { sweep } from './sweep.ts'

const day = 24 * 3_600_000

test('a sweep removes what has expired, and nothing that waits or runs', async () => {
  await using dir = await tempDir()
  const server = serverFolders(dir.path, 'stt')
  const folders = userFolders(dir.path, 'stt', 'me')
  await makeUserFolders(folders)
  const now = Date.now()
  const seen = join(server.seen, 'me')
  const dead = join(server.dead, 'me')
  const ages: Record<string, number> = { new: 60_000, old: 40 * day }
  for (const folder of [...(Object.values(folders) as string[]), seen, dead]) {
    for (const [name, age] of Object.entries(ages)) {
      await mkdir(join(folder, name), { recursive: true })
      await writeFile(join(folder, name, 'request.json'), '{}')
      await utimes(join(folder, name), (now - age) / 1000, (now - age) / 1000)
    }
  }
  await mkdir(join(server.trash, 'x'), { recursive: true })
  const swept = { spool: dir.path, service: 'stt', users: ['me'], retention: defaultRetention }
  await sweep({ ...swept, isRunning: () => false }, now)
  for (const folder of [folders.prep, folders.done, folders.error, seen, dead]) {
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
  const folders = userFolders(dir.path, 'stt', 'me')
  await makeUserFolders(folders)
  const seen = join(serverFolders(dir.path, 'stt').seen, 'me')
  const now = Date.now()
  await mkdir(seen, { recursive: true })
  for (const id of ['there', 'collected']) {
    await writeFile(join(seen, id), '1\n')
    await utimes(join(seen, id), (now - day) / 1000, (now - day) / 1000)
  }
  await mkdir(join(folders.done, 'there'))
  const swept = { spool: dir.path, service: 'stt', users: ['me'], retention: defaultRetention }
  await sweep({ ...swept, isRunning: () => false }, now)
  assert.deepEqual(await readdir(seen), ['there'])
  await sweep({ ...swept, isRunning: () => false }, now + 9 * 60_000)
  assert.deepEqual(await readdir(seen), ['there'])
})
