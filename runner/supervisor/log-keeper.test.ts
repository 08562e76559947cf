import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { tempDir } from '../../test/support/temp.ts'
import { keepLogs } from './log-keeper.ts'

const now = 1_800_000_000_000
const hour = 3_600_000

/** Makes files of so many bytes, written so many hours ago. */
function fill(folder: string, files: Record<string, readonly [bytes: number, hours: number]>): void {
  for (const [name, [bytes, hours]] of Object.entries(files)) {
    writeFileSync(join(folder, name), Buffer.alloc(bytes))
    utimesSync(join(folder, name), (now - hours * hour) / 1000, (now - hours * hour) / 1000)
  }
}

const files = {
  'core.log': [100, 90],
  'core.index': [10, 90],
  'core.000000000000000.log': [100, 30],
  'core.000000000000000.index': [10, 30],
  'core.000000000000100.log': [100, 10],
  'core.000000000000100.index': [10, 10],
  'web.log': [100, 0],
  'web.000000000000000.log': [100, 20],
  'main.pane.log': [100, 0],
  'main.pane.1.log': [100, 25],
  'pip.log': [100, 500],
} as const

suite('log keeper', () => {
  test('the oldest go first, of all services, with their indexes, until all are within the cap', async () => {
    await using folder = await tempDir()
    fill(folder.path, files)
    const limits = { maxTotal: 830, maxAgeMs: 1000 * hour }
    assert.deepEqual(keepLogs(folder.path, limits, now), [])
    assert.deepEqual(keepLogs(folder.path, { ...limits, maxTotal: 829 }, now), [
      'core.000000000000000.log',
      'core.000000000000000.index',
    ])
    assert.deepEqual(keepLogs(folder.path, { ...limits, maxTotal: 600 }, now), [
      'main.pane.1.log',
      'web.000000000000000.log',
    ])
  })

  test('files that something may still write to stay, however little room there is', async () => {
    await using folder = await tempDir()
    fill(folder.path, files)
    mkdirSync(join(folder.path, 'mine.1.log'))
    keepLogs(folder.path, { maxTotal: 0, maxAgeMs: 1 }, now)
    assert.deepEqual(readdirSync(folder.path).sort(), [
      'core.index',
      'core.log',
      'main.pane.log',
      'mine.1.log',
      'pip.log',
      'web.log',
    ])
  })

  test('what is older than the limit goes, where there is room as well', async () => {
    await using folder = await tempDir()
    fill(folder.path, files)
    const limits = { maxTotal: 1e9, maxAgeMs: 24 * hour }
    assert.deepEqual(keepLogs(folder.path, limits, now), [
      'core.000000000000000.log',
      'core.000000000000000.index',
      'main.pane.1.log',
    ])
    assert.deepEqual(keepLogs(folder.path, limits, now), [])
    assert.deepEqual(keepLogs(join(folder.path, 'nowhere'), limits, now), [])
  })
})
