import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { zipOf } from '../test/support/archive-zip.ts'
import { tempDir } from '../test/support/temp.ts'
import { modelEntry } from './catalog.ts'
import { fetchModel } from './fetch.ts'
import { isRecorded, readLock } from './lock-file.ts'
import { resolveModel } from './model.ts'
import { isPacked, sourceAddress, trustOf } from './source.ts'
import { checkSizes } from './verify.ts'

const sha256 = 'ab'.repeat(32)
const common = { name: 'tiny', why: 'for tests', licence: 'MIT' }

function parsed(entry: object): string[] {
  const result = modelEntry.safeParse({ ...common, ...entry })
  return result.success ? [] : result.error.issues.map(({ message }) => message)
}

test('an archive needs to be told what is taken out of it, unless it is kept whole', () => {
  for (const name of ['a.tar', 'a.tar.gz', 'a.tgz', 'a.tar.bz2', 'a.zip']) {
    const from = { url: `https://example.com/${name}?download=1`, sha256, bytes: 9 }
    assert.match(parsed({ from, files: ['model.bin'] })[0] ?? '', /expected \{path, entry\}/, name)
    assert.deepEqual(parsed({ from, files: [{ path: 'model.bin', entry: 'a/model.bin' }] }), [], name)
    assert.deepEqual(parsed({ from, files: [{ path: 'data', folder: 'a/data' }] }), [], name)
    assert.deepEqual(parsed({ from, files: [`models/${name}`] }), [], name)
  }
  const plain = { url: 'https://example.com/model.bin', sha256, bytes: 9 }
  assert.match(parsed({ from: plain, files: ['a', 'b'] })[0] ?? '', /expected one file/)
  const both = { path: 'data', folder: 'a/data', entry: 'a/data/x' }
  assert.match(parsed({ from: plain, files: [both] })[0] ?? '', /`folder` without/)
  assert.match(parsed({ from: { file: 'a.zip', bytes: 9 }, files: ['x'] })[0] ?? '', /string/)
})

test('who vouches for a download, and how it is remembered', () => {
  const url = 'https://user:secret@example.com/x.gguf#part'
  assert.equal(trustOf({ url, bytes: 1 }), 'none')
  assert.equal(trustOf({ url, bytes: 1, sha256, trust: 'hub' }), 'hub')
  assert.equal(trustOf({ url, bytes: 1, sha256 }), 'catalog')
  assert.equal(sourceAddress({ url, bytes: 1 }), 'https://example.com/x.gguf')
  // A query is not kept, since it may be a secret, and two files that differ in it alone stay two.
  const addresses = ['1', '2'].map(file =>
    sourceAddress({ url: `https://example.com/x?file=${file}`, bytes: 1 }),
  )
  for (const address of addresses) assert.match(address, /^https:\/\/example\.com\/x#query-[0-9a-f]{12}$/)
  assert.notEqual(addresses[0], addresses[1])
})

test('a model comes out of an archive of this machine, with a folder whole, and the archive stays', async () => {
  await using folder = await tempDir()
  const bytes = zipOf([
    { name: 'v/model.bin', content: 'weights' },
    { name: 'v/data/en', content: 'hello' },
    { name: 'v/data/lang/de', content: 'hallo' },
    { name: 'v/README', content: 'no' },
  ])
  await mkdir(join(folder.path, 'archives'))
  await writeFile(join(folder.path, 'archives/voice.zip'), bytes)
  const from = {
    file: 'archives/voice.zip',
    sha256: createHash('sha256').update(bytes).digest('hex'),
    bytes: bytes.length,
  }
  const files = [
    { path: 'models/voice/model.bin', entry: 'v/model.bin', bytes: 7 },
    { path: 'models/voice/data', folder: 'v/data', bytes: 10 },
  ]
  const entry = modelEntry.parse({ ...common, from, files })
  const model = resolveModel(entry, new Map(), { dir: folder.path, modelsDir: join(folder.path, 'files') })
  assert.ok(model !== undefined && isPacked(model))
  const options = {
    modelsDir: join(folder.path, 'files'),
    env: {},
    cwd: folder.path,
    signal: new AbortController().signal,
  }
  assert.equal(await fetchModel(model, options), undefined)
  assert.equal(await readFile(join(folder.path, 'models/voice/data/lang/de'), 'utf8'), 'hallo')
  assert.deepEqual(checkSizes(model), { type: 'present' })
  assert.equal(isRecorded(model, readLock(options.modelsDir)), true)
  assert.deepEqual(await readFile(join(folder.path, 'archives/voice.zip')), bytes)

  // One file of the folder is gone: that is seen by the sum of their sizes, and mended.
  await writeFile(join(folder.path, 'models/voice/data/en'), '')
  assert.equal(checkSizes(model).type, 'damaged')
  assert.equal(await fetchModel(model, options), undefined)
  assert.deepEqual(checkSizes(model), { type: 'present' })
})
