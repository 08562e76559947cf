import assert from 'node:assert/strict'
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { join } from 'node:path'
import { test } from 'node:test'
import { tempDir } from '../../test/support/temp.ts'
import { acquire } from './lock.ts'

const never = new AbortController().signal

for (const code of ['EMFILE', 'ENOSPC', 'ENOENT']) {
  test(`where nothing can be watched (${code}) a lock is waited for all the same`, async t => {
    await using folder = await tempDir()
    const path = join(folder.path, 'x.lock')
    t.mock.method(fs, 'watch', () => {
      throw Object.assign(new Error(code), { code })
    })
    syncBuiltinESMExports()
    try {
      const first = await acquire(path, never, () => assert.fail('nobody has it'))
      const second = await acquire(path, never, () => first?.release())
      assert.equal(second?.waited, true)
      second?.release()
    } finally {
      t.mock.restoreAll()
      syncBuiltinESMExports()
    }
  })
}

test('of several that find the lock of a dead process at once, each gets it, one after the other', async () => {
  await using folder = await tempDir()
  const path = join(folder.path, 'x.lock')
  const dead = { pid: process.pid, started: '1', boot: 'another' }
  fs.writeFileSync(path, JSON.stringify(dead))
  // Somebody is just about to remove it.
  const grave = `${path}.${dead.pid}-1`
  fs.linkSync(path, grave)
  let holders = 0
  const one = async (): Promise<void> => {
    const lock = await acquire(path, never, () => undefined)
    assert.ok(lock !== undefined)
    assert.equal(++holders, 1)
    await Promise.resolve()
    holders--
    lock.release()
  }
  const all = [one(), one(), one()]
  setImmediate(() => fs.rmSync(grave))
  await Promise.all(all)
})
