import assert from 'node:assert/strict'
import { mkdir, truncate, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { tempDir } from '../test/support/temp.ts'
import { loadCatalog } from './catalog.ts'
import { Inventory } from './inventory.ts'
import { estimateMemory } from './memory.ts'

test('before a model is here, its memory is estimated near what it is said to be afterwards', async () => {
  await using folder = await tempDir()
  const modelsDir = join(folder.path, 'models')
  const catalog = loadCatalog()
  const ids = ['starter', 'moonshine-tiny', 'moonshine-base', 'espeak-ng']
  for (const entry of [...ids, 'silero-vad'].flatMap(id => catalog.get(id) ?? [])) {
    if ('shipped' in entry.from) continue
    for (const file of entry.files) {
      const path = join(modelsDir, entry.id, file.path)
      await mkdir(dirname(path), { recursive: true })
      await writeFile(path, '')
      await truncate(path, file.bytes)
    }
  }
  const inventory = new Inventory({ home: folder.path, modelsDir, env: { HOME: folder.path } })
  const { models } = inventory.look()
  for (const id of ids) {
    const entry = catalog.get(id)
    assert.ok(entry !== undefined)
    const [before, after] = [estimateMemory(entry), models.get(id)?.memory ?? 0]
    assert.ok(Math.abs(before / after - 1) < 0.03, `${id}: ${before} before, ${after} after`)
  }
})

test('every language model of the catalog has the shape that its memory follows from', () => {
  for (const entry of loadCatalog().values()) {
    if (entry.kind !== 'llm' || entry.engine !== 'llama') continue
    assert.ok(entry.shape !== undefined, entry.id)
    assert.ok(estimateMemory(entry) > entry.from.bytes, entry.id)
  }
})

test('whisper.cpp takes what its README says of its models, and our process beside it', () => {
  const catalog = loadCatalog()
  for (const [id, told] of [
    ['whisper-tiny-en', 273e6],
    ['whisper-base-en', 388e6],
    ['whisper-small', 852e6],
  ] as const) {
    const entry = catalog.get(id)
    assert.ok(entry !== undefined)
    const beside = estimateMemory(entry) - told
    assert.ok(beside > 50e6 && beside < 250e6, `${id}: ${beside}`)
  }
})

test('what works inside of another model is counted there', () => {
  const vad = loadCatalog().get('silero-vad')
  assert.ok(vad !== undefined)
  assert.equal(estimateMemory(vad), 0)
})
