import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtempDisposable, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { ProblemError } from '../lib/problem.ts'
import { catalogPath, loadCatalog, loadEntries, modelEntry } from './catalog.ts'
import { resolveModel } from './model.ts'
import { makeLlamaTokens } from './tokens.ts'
import { checkHashes } from './verify.ts'

test('our catalog is valid', () => {
  const catalog = loadCatalog()
  assert.equal(catalog.size, 34)
  for (const id of ['moonshine-tiny', 'silero-vad', 'espeak-ng', 'starter', 'qwen3-0.6b']) {
    assert.ok(catalog.has(id), id)
  }
  // What nothing runs is a part of something that runs.
  for (const { id, engine } of catalog.values())
    assert.ok(engine !== '' || [...catalog.values()].some(({ needs }) => needs.includes(id)), id)
  // Downloads are pinned: to a revision, or to a name that never changes its content.
  for (const { id, from } of catalog.values()) {
    if (!('url' in from) || !from.url.includes('huggingface.co')) continue
    assert.match(from.url, /\/resolve\/([0-9a-f]{40}|main)\//, id)
  }
})

test('a part of the catalog is read as the whole is', () => {
  const whole = loadCatalog()
  for (const [id, entry] of whole) {
    const part = loadEntries([id])
    assert.deepEqual(part.get(id), entry)
    assert.deepEqual(new Set(part.keys()), new Set([id, ...entry.needs]))
  }
  assert.deepEqual([...loadEntries(['starter', 'nobody']).keys()], [...whole.keys()])
})

test('the starter that lies in git is the one of the catalog', async () => {
  const model = resolveModel('starter', loadCatalog(), { dir: '/', modelsDir: '/' })
  assert.ok(model !== undefined)
  assert.deepEqual(await checkHashes(model), { type: 'present' })
})

test('the tokens file is made byte for byte as the catalog says', async () => {
  const file = loadCatalog()
    .get('moonshine-tiny')
    ?.files.find(one => one.made === 'llama-tokens')
  const text = await makeLlamaTokens()
  assert.equal(Buffer.byteLength(text), file?.bytes)
  assert.equal(createHash('sha256').update(text).digest('hex'), file?.sha256)
})

test('a fault in the catalog is told with its line', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'courante-catalog-'))
  const path = join(folder.path, 'catalog.yaml')
  const text = await readFile(catalogPath, 'utf8')
  const line = text.split('\n').findIndex(one => one.includes('bytes: 21514347')) + 1
  const faultIn = async (broken: string) => {
    await writeFile(path, broken)
    try {
      loadCatalog(path)
    } catch (error) {
      if (error instanceof ProblemError) return error.problem.what
      throw error
    }
    return 'none'
  }
  assert.match(
    await faultIn(text.replace('bytes: 21514347', 'bytes: many')),
    new RegExp(`catalog\\.yaml:${line}:\\d+: models\\.0\\.from\\.bytes: .*number`),
  )
  assert.match(
    await faultIn(text.replace('id: silero-vad', 'id: moonshine-tiny')),
    /:\d+:\d+: .*stands here twice/,
  )
  assert.match(
    await faultIn(text.replace('needs: [silero-vad]', 'needs: [silero-bad]')),
    /:\d+:\d+: models\.0\.needs\.0: there is no other model "silero-bad"/,
  )
  assert.match(
    await faultIn(text.replace('roles: { vad: silero_vad_v5.onnx }', 'roles: { vad: v6.onnx }')),
    /roles\.vad: no file of it is "v6\.onnx"/,
  )
  assert.match(await faultIn('models: [\n'), /catalog\.yaml:\d+:\d+: /)
})

test("a stack's own model stays inside its folder, and lies where its files have their common folder", () => {
  const own = {
    name: 'vosk',
    why: 'w',
    licence: 'MIT',
    from: { url: 'https://example.invalid/v.tgz', sha256: '00'.repeat(32), bytes: 1 },
  }
  const entry = modelEntry.parse({
    ...own,
    files: [
      { path: 'models/vosk/am/final.mdl', entry: 'v/am/final.mdl' },
      { path: 'models/vosk/conf/mfcc.conf', entry: 'v/conf/mfcc.conf' },
    ],
  })
  const model = resolveModel(entry, new Map(), { dir: '/stack', modelsDir: '/elsewhere' })
  assert.equal(model?.folder, '/stack/models/vosk')
  assert.deepEqual(
    model?.files.map(file => file.path),
    ['am/final.mdl', 'conf/mfcc.conf'],
  )
  for (const path of ['../x', 'a/../../x', '/x', '']) {
    const parsed = modelEntry.safeParse({ ...own, files: [{ path, entry: 'x' }] })
    assert.deepEqual(parsed.error?.issues[0]?.path, ['files', 0, 'path'], path)
  }
})
