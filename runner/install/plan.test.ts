import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Model } from '../../models/model.ts'
import type { PythonNeed } from './environment.ts'
import type { Seen } from './look.ts'
import { plan } from './plan.ts'

const need: PythonNeed = {
  version: '>=3.12',
  venv: '/s/venv',
  requirements: ['/s/requirements.txt'],
  optional: false,
}
const found = { type: 'found', interpreter: { path: '/usr/bin/python3.12', version: '3.12.1' } } as const
const nothing: Seen = {
  environment: { dir: '/s', home: '/s/var', modelsDir: '/s/models/files', tools: [], models: [] },
  python: { type: 'not_needed' },
  models: [],
  unknownModels: [],
  knownModels: ['a', 'b'],
  missingTools: [],
  packageManager: 'apt',
}
const model: Model = {
  id: 'a',
  why: 'w',
  licence: 'MIT',
  from: { url: 'https://example.invalid/a.bin', sha256: '00'.repeat(32), bytes: 7 },
  base: '/s/models/files',
  folder: '/s/models/files/a',
  files: [{ path: 'a.bin' }],
}

test('with nothing to do there are no steps and nothing to say', () => {
  const seen: Seen = {
    ...nothing,
    python: { type: 'needed', need, venv: { type: 'ready' } },
    models: [{ model, state: { type: 'present' }, isVerified: true }],
  }
  assert.deepEqual(plan(seen), { environment: [], models: [], programs: [], notices: [], problems: [] })
})

test('a venv comes before its packages; without requirements it is all', () => {
  const at = (asks: string[]): Seen => ({
    ...nothing,
    python: { type: 'needed', need, venv: { type: 'missing', asks }, search: found },
  })
  const types = (asks: string[]) => plan(at(asks)).environment.map(step => step.type)
  assert.deepEqual(types([]), ['make_venv'])
  assert.deepEqual(types(['numpy']), ['make_venv', 'pip_install'])
})

test('a damaged model is fetched again, and said to be damaged', () => {
  const state = { type: 'damaged', file: '/x', reason: 'size' } as const
  const { models } = plan({ ...nothing, models: [{ model, state, isVerified: true }] })
  assert.deepEqual(models, [
    { type: 'fetch_model', model, dir: '/s', modelsDir: '/s/models/files', repair: true, memory: undefined },
  ])
})

test('no Python is a problem for one stack and a notice for another', () => {
  const search = { type: 'none', tried: [{ candidate: 'python3.12', reason: 'not_found' }] } as const
  const at = (optional: boolean): Seen => ({
    ...nothing,
    python: { type: 'needed', need: { ...need, optional }, venv: { type: 'missing', asks: [] }, search },
  })
  assert.equal(plan(at(false)).problems[0]?.code, 'no_python')
  assert.deepEqual(plan(at(true)).problems, [])
  assert.match(plan(at(true)).notices[0] ?? '', /Python is left out/)
})

test('a folder in the place of the venv is never touched', () => {
  const { environment, problems } = plan({
    ...nothing,
    python: { type: 'needed', need, venv: { type: 'foreign' } },
  })
  assert.deepEqual(environment, [])
  assert.equal(problems[0]?.code, 'foreign_venv')
})

test('a missing tool: one line at the first run with the way to get it, or a problem where the stack needs it', () => {
  const tool = { name: 'arecord', why: 'the microphone' }
  const missing = { ...nothing, missingTools: [{ ...tool, optional: true }] }
  const [notice = '', ...more] = plan({ ...missing, firstRun: true }).notices
  assert.match(notice, /arecord.*apt install alsa-utils/s)
  assert.deepEqual(more, [])
  assert.deepEqual(plan(missing).notices, [])
  const needed = plan({ ...nothing, missingTools: [{ ...tool, optional: false }] })
  assert.equal(needed.problems[0]?.code, 'tool_missing')
})

test('a model that nobody knows is a problem that names those that are known', () => {
  const { problems } = plan({ ...nothing, unknownModels: ['c'] })
  assert.equal(problems[0]?.code, 'unknown_model')
  assert.match(problems[0]?.todo ?? '', /a, b/)
})
