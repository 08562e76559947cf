import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { spawn } from 'node:child_process'
import { tempDir } from '../test/support/temp.ts'
import {
  forgetModel,
  isRecorded,
  lockPath,
  pinOf,
  readLock,
  recordModel,
  verifyAndRecord,
} from './lock-file.ts'
import type { Model } from './model.ts'

const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex')

function plain(modelsDir: string, id: string, text: string, options: { known?: boolean } = {}): Model {
  const pinned = options.known === false ? {} : { sha256: hashOf(text) }
  return {
    id,
    why: 'for tests',
    licence: 'MIT',
    from: { url: `https://example.com/${id}.bin`, bytes: text.length, ...pinned },
    base: modelsDir,
    folder: join(modelsDir, id),
    files: [{ path: `${id}.bin` }],
  }
}

async function place(model: Model, text: string): Promise<void> {
  const path = join(model.folder, model.files[0]?.path ?? '')
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, text)
}

test('a model counts as recorded until one of its files has another size or time', async () => {
  await using folder = await tempDir()
  const model = plain(folder.path, 'a', 'weights')
  await place(model, 'weights')
  assert.equal(isRecorded(model, readLock(folder.path)), false)
  await recordModel(folder.path, model, { digest: `sha256-${hashOf('weights')}`, trust: 'catalog' })
  const lock = readLock(folder.path)
  assert.equal(isRecorded(model, lock), true)
  assert.deepEqual(
    lock.models['a']?.downloads.map(({ from, trust, digest }) => [from, trust, digest]),
    [['https://example.com/a.bin', 'catalog', `sha256-${hashOf('weights')}`]],
  )
  await utimes(join(model.folder, 'a.bin'), 1, 1)
  assert.equal(isRecorded(model, lock), false)
  assert.deepEqual(await verifyAndRecord(folder.path, model), { type: 'present' })
  assert.equal(isRecorded(model, readLock(folder.path)), true)
  assert.equal(readLock(folder.path).models['a']?.downloads[0]?.digest, `sha256-${hashOf('weights')}`)
  await forgetModel(folder.path, 'a')
  assert.deepEqual(readLock(folder.path).models, {})
  assert.deepEqual((await readdir(folder.path)).sort(), ['a', 'lock.json'])
})

test('of a file that nobody vouches for, what came first is what it has to be', async () => {
  await using folder = await tempDir()
  const model = plain(folder.path, 'a', 'weights', { known: false })
  await place(model, 'weights')
  assert.deepEqual(await verifyAndRecord(folder.path, model), { type: 'present' })
  assert.equal(pinOf(folder.path, 'https://example.com/a.bin')?.files[0]?.sha256, hashOf('weights'))
  await place(model, 'WEIGHTS')
  const file = join(model.folder, 'a.bin')
  assert.deepEqual(await verifyAndRecord(folder.path, model), { type: 'damaged', file, reason: 'hash' })
  assert.equal(pinOf(folder.path, 'https://example.com/b.bin'), undefined)
})

test('the parts of one model, each a download of its own, are recorded side by side', async () => {
  await using folder = await tempDir()
  const parts = ['1', '2'].map(part => ({
    ...plain(folder.path, part, `part ${part}`),
    id: 'big',
    folder: join(folder.path, 'big'),
  }))
  for (const part of parts) {
    await place(part, `part ${part.files[0]?.path[0]}`)
    await recordModel(folder.path, part, { trust: 'hub' })
  }
  const lock = readLock(folder.path)
  assert.deepEqual(
    parts.map(part => isRecorded(part, lock)),
    [true, true],
  )
  // Loaded anew from elsewhere: that place is told, and the other part stays.
  const moved: Model = { ...parts[0]!, from: { url: 'https://example.com/else', bytes: 6 } }
  await recordModel(folder.path, moved, { trust: 'first' })
  assert.deepEqual(
    readLock(folder.path).models['big']?.downloads.map(({ from }) => from),
    ['https://example.com/2.bin', 'https://example.com/else'],
  )
})

test('a whole folder is recorded file by file', async () => {
  await using folder = await tempDir()
  const model: Model = {
    ...plain(folder.path, 'voice', 'x'),
    files: [{ path: 'data', folder: 'voice/data', bytes: 6 }],
  }
  await mkdir(join(model.folder, 'data/lang'), { recursive: true })
  await writeFile(join(model.folder, 'data/lang/en'), 'abc')
  await writeFile(join(model.folder, 'data/phontab'), 'def')
  assert.deepEqual(await verifyAndRecord(folder.path, model), { type: 'present' })
  assert.equal(isRecorded(model, readLock(folder.path)), true)
  await rm(join(model.folder, 'data/lang/en'))
  assert.equal(isRecorded(model, readLock(folder.path)), false)
})

test('a broken lock file is an empty one, with a fault that can be told, and is put aside when one is written', async () => {
  await using folder = await tempDir()
  assert.deepEqual(readLock(join(folder.path, 'none')), { schema: 1, models: {}, fault: undefined })
  const model = plain(folder.path, 'a', 'weights')
  await place(model, 'weights')
  for (const text of ['', '{', '{"schema":2,"models":{}}', '[]', '{"schema":1,"models":{"../x":{}}}']) {
    await writeFile(lockPath(folder.path), text)
    const lock = readLock(folder.path)
    assert.deepEqual([lock.models, lock.fault === undefined], [{}, false], text)
    assert.throws(() => pinOf(folder.path, 'https://example.com/a.bin'), /can't be read/)
    await recordModel(folder.path, model, { trust: 'catalog' })
    assert.equal(readLock(folder.path).fault, undefined)
    assert.equal(await readFile(`${lockPath(folder.path)}.broken`, 'utf8'), text)
  }
})

test('processes that record at once lose no entry, and one that was killed there holds nobody up', async () => {
  await using folder = await tempDir()
  const dead = JSON.stringify({ pid: process.pid, started: '1', boot: 'another' })
  await writeFile(join(folder.path, '.lock.json.held'), dead)
  const ids = Array.from({ length: 4 }, (_, i) => `m${i}`)
  const program = `
    import { recordModel } from '${join(import.meta.dirname, 'lock-file.ts')}'
    for (const model of JSON.parse(process.argv[1])) await recordModel(process.argv[2], model, { trust: 'catalog' })`
  const ends = await Promise.all(
    ids.map(async id => {
      const models = Array.from({ length: 10 }, (_, k) => plain(folder.path, `${id}-${k}`, 'weights'))
      for (const model of models) await place(model, 'weights')
      const args = ['--input-type=module', '-e', program, JSON.stringify(models), folder.path]
      const [code] = await once(spawn(process.execPath, args, { stdio: 'inherit' }), 'close')
      return code as number
    }),
  )
  assert.deepEqual(ends, [0, 0, 0, 0])
  assert.equal(Object.keys(readLock(folder.path).models).length, 40)
  assert.match(await readFile(lockPath(folder.path), 'utf8'), /\n$/)
  assert.deepEqual(
    (await readdir(folder.path)).filter(name => name.startsWith('.')),
    [],
  )
})
