import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { tempDir } from '../../test/support/temp.ts'
import { sweepPartials } from './sweep.ts'

const old = 31
const young = 29

test('what is a month old goes; what somebody has in hand, what is younger and what is no file stays', async () => {
  await using folder = await tempDir()
  const partials = join(folder.path, '.partial')
  mkdirSync(join(partials, 'folder.partial'), { recursive: true })
  for (const [name, days] of [
    ['left.partial', old],
    ['left.journal', old],
    ['left.lock', old],
    ['taken.partial', old],
    ['taken.lock', 0],
    ['young.partial', young],
    ['young.journal', old],
  ] as const) {
    writeFileSync(join(partials, name), name)
    const then = Date.now() / 1000 - days * 24 * 3600
    utimesSync(join(partials, name), then, then)
  }
  sweepPartials(folder.path)
  assert.deepEqual(readdirSync(partials).sort(), [
    'folder.partial',
    'taken.lock',
    'taken.partial',
    'young.journal',
    'young.partial',
  ])
})

test('an empty folder goes, too, and without one there is nothing to do', async () => {
  await using folder = await tempDir()
  sweepPartials(folder.path)
  mkdirSync(join(folder.path, '.partial'))
  sweepPartials(folder.path)
  assert.equal(existsSync(join(folder.path, '.partial')), false)
})
