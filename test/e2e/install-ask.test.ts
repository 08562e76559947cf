import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { test } from 'node:test'
import { install } from '../../runner/install/install.ts'
import { makeStackFolder, modelFrom, testIo, typeToInstaller } from '../support/installer.ts'
import { startRegistry, type TestRegistry } from '../support/registry.ts'

const npm = '@courante-test/tiny'
const files = { 'm/words.txt': 'package/words.txt' }
const asking = { consent: 'ask', environmentGranted: false } as const
const question = 'Download these?'

const start = () =>
  startRegistry({ name: npm, version: '1.0.0', files: { 'words.txt': Buffer.from('hello 0\n') } })
const envOf = (registry: TestRegistry) => ({ ...process.env, ...registry.env })

test('the question shows name, size, licence, reason, source and place; Return means yes', async () => {
  await using registry = await start()
  await using stack = await makeStackFolder()
  const environment = { ...stack.environment, models: [modelFrom(registry, npm, files)] }
  const { screen, outcome } = await typeToInstaller(environment, asking, envOf(registry), [
    { at: question, type: '\r' },
  ])
  assert.deepEqual(outcome, { type: 'ready', notices: [] }, screen)
  assert.match(
    screen,
    /tiny, 1 kB, MIT, for tests\r\n {6}from npm: @courante-test\/tiny@1\.0\.0\r\n {6}to {3}m\r\n/,
  )
  assert.match(screen, /100%/)
  assert.deepEqual(await readdir(stack.path), ['m', 'outcome.json'])
})

for (const [name, key] of [
  ['n', 'n'],
  ['Ctrl-C', '\u0003'],
  ['Escape', '\u001B'],
] as const) {
  test(`${name} declines: nothing is written, nobody is asked for anything`, async () => {
    await using registry = await start()
    await using stack = await makeStackFolder()
    const environment = { ...stack.environment, models: [modelFrom(registry, npm, files)] }
    const { screen, outcome } = await typeToInstaller(environment, asking, envOf(registry), [
      { at: question, type: key },
    ])
    assert.deepEqual(outcome, { type: 'declined', group: 'models' }, screen)
    assert.deepEqual(await readdir(stack.path), ['outcome.json'])
    assert.deepEqual(registry.requests, [])
  })
}

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
  assert.match(outcome.planText, /^Models to download \(1 kB\):\n {2}tiny, /)
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
