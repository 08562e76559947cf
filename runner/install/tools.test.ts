import assert from 'node:assert/strict'
import { chmod, mkdtempDisposable, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { ToolNeed } from './environment.ts'
import type { Seen } from './look.ts'
import { findMissingTools, planTools } from './tools.ts'

const tool = (name: string, optional: boolean, or: string[] = []): ToolNeed => ({
  name,
  or,
  why: `for ${name}`,
  optional,
})

const seen = (missingTools: ToolNeed[], more: Partial<Seen> = {}): Seen => ({
  environment: { dir: '/s', home: '/s/var', modelsDir: '/s/models', tools: [], models: [] },
  python: { type: 'not_needed' },
  models: [],
  unknownModels: [],
  knownModels: [],
  missingTools,
  packageManager: 'apt',
  firstRun: true,
  ...more,
})

test('one of several programs is enough', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'courante-tools-'))
  await writeFile(join(folder.path, 'rec'), '')
  await chmod(join(folder.path, 'rec'), 0o755)
  const [recorder, other] = [tool('arecord', true, ['rec', 'sox']), tool('ffmpeg', true)]
  assert.deepEqual(findMissingTools([recorder, other], folder.path), [other])
})

test('all that is needed is one problem with one command line', () => {
  const { problems } = planTools(seen([tool('ffmpeg', false), tool('arecord', false, ['sox'])]))
  assert.equal(problems.length, 1)
  assert.match(problems[0]?.what ?? '', /ffmpeg \(for ffmpeg\)\n {4}arecord or sox \(for arecord\)/)
  assert.equal(problems[0]?.todo, 'Install them: apt install ffmpeg alsa-utils')
})

test('what can be done without is one line at the first run, and none later', () => {
  const missing = [tool('arecord', true, ['sox']), tool('sox', true)]
  const { notices, problems } = planTools(seen(missing, { packageManager: 'brew' }))
  assert.deepEqual(problems, [])
  assert.deepEqual(notices, [
    'not installed, and not needed for the start: arecord or sox (for arecord), sox (for sox). To have it all: brew install sox',
  ])
  assert.deepEqual(planTools(seen(missing, { firstRun: false })).notices, [])
})

test('without a known installer, the packages are named', () => {
  const { problems } = planTools(seen([tool('ffmpeg', false)], { packageManager: undefined }))
  assert.equal(problems[0]?.todo, 'Install it: the package ffmpeg of your system')
})
