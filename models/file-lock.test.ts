import assert from 'node:assert/strict'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { identify } from '../lib/process-identity.ts'
import { tempDir } from '../test/support/temp.ts'
import { withFileLock } from './file-lock.ts'

/** Of another process that lives: the one that runs the tests. */
const another = JSON.stringify(identify(process.ppid))

test('the lock of a live process is not taken from it, and a signal ends the wait', async () => {
  await using folder = await tempDir()
  const path = join(folder.path, 'held')
  writeFileSync(path, another)
  // More than the two seconds after which one that was just being written counts as left.
  const waiting = withFileLock(path, AbortSignal.timeout(2500), () => assert.fail('taken'))
  await assert.rejects(waiting, { name: 'AbortError' })
  assert.equal(readFileSync(path, 'utf8'), another)
})

test('the lock of a dead process is taken at once; one that another took meanwhile is left to it', async () => {
  await using folder = await tempDir()
  const path = join(folder.path, 'held')
  writeFileSync(path, JSON.stringify({ pid: process.pid, started: '1', boot: 'another' }))
  await withFileLock(path, undefined, () => undefined)
  assert.equal(existsSync(path), false)
  await withFileLock(path, undefined, () => writeFileSync(path, another))
  assert.equal(readFileSync(path, 'utf8'), another)
})
