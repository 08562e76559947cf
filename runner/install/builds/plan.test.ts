import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { programSources } from '../../../models/programs.ts'
import { fakeProgram } from '../../../test/support/fake-program.ts'
import { tempDir } from '../../../test/support/temp.ts'
import { backendFor } from './backend.ts'
import { lookAtPrograms, type ProgramSeen } from './look.ts'
import { planPrograms } from './plan.ts'
import { chosenEngines } from './wanted.ts'

const seen = {
  type: 'missing',
  program: programSources['whisper-server'],
  backend: 'cpu',
  missingTools: [],
  hasSources: true,
} as const satisfies ProgramSeen
const how = { dir: '/x', optional: false, packageManager: 'apt' } as const

test('a card counts where its compiler is here, too', () => {
  const none = { platform: 'linux', gpu: undefined, hasNvcc: true, hasGlslc: true } as const
  equal(backendFor(none), 'cpu')
  equal(backendFor({ ...none, gpu: 'cuda' }), 'cuda')
  equal(backendFor({ ...none, gpu: 'cuda', hasNvcc: false }), 'cpu')
  equal(backendFor({ ...none, gpu: 'vulkan' }), 'vulkan')
  equal(backendFor({ ...none, gpu: 'vulkan', hasGlslc: false }), 'cpu')
  equal(backendFor({ ...none, platform: 'darwin' }), 'metal')
})

test('without a compiler nothing is planned, and a line says which programs are missing and how to get them', () => {
  equal(planPrograms([seen], how).steps.length, 1)
  const { steps, notices } = planPrograms([{ ...seen, missingTools: ['cmake', 'c++'] }], how)
  deepEqual(steps, [])
  match(notices.join(''), /whisper-server .* can't be built without cmake and a C\+\+ compiler/)
  match(notices.join(''), /Install them: apt install cmake g\+\+;/)
  const bare = planPrograms([{ ...seen, hasSources: false }], how)
  deepEqual(bare.steps, [])
  match(bare.notices.join(''), /neither are its sources/)
})

test('only what is asked for is looked for, and what is built or on PATH is not built', async () => {
  await using dir = await tempDir()
  const whisper = new Set(['whisper', 'moonshine'])
  const env = { PATH: await fakeProgram(dir.path, 'cmake', '') }
  const [first, ...more] = lookAtPrograms(whisper, env, dir.path)
  deepEqual(more, [])
  ok(first?.type === 'missing')
  equal(first.program.name, 'whisper-server')
  deepEqual(first.missingTools, ['c++', 'make'])
  const [llama] = lookAtPrograms(new Set(['llama-server']), env, dir.path)
  ok(llama?.type === 'missing' && !llama.hasSources)
  deepEqual(lookAtPrograms(new Set(['moonshine']), env, dir.path), [])
  await fakeProgram(dir.path, 'whisper-server', '')
  const [found] = lookAtPrograms(whisper, env, dir.path)
  equal(found?.type, 'ready')
  deepEqual(planPrograms([found], how), { steps: [], notices: [] })
})

test('what models.yaml names as default or pins counts, whether it is of the catalog or the own', async () => {
  await using dir = await tempDir()
  deepEqual(chosenEngines(dir.path), [])
  const write = (text: string): Promise<void> => writeFile(join(dir.path, 'models.yaml'), text)
  const own = '  - { id: mine, kind: stt, path: /x/ggml-tiny.bin }\n'
  await write(`schema: 1\nmodels:\n${own}`)
  deepEqual(chosenEngines(dir.path), [])
  await write(`schema: 1\nmodels:\n${own}defaults: { stt: mine, llm: ollama/x }\n`)
  deepEqual(chosenEngines(dir.path), ['whisper'])
  await write('schema: 1\npins: [whisper-tiny-en]\n')
  deepEqual(chosenEngines(dir.path), ['whisper'])
  await write('defaults: [')
  deepEqual(chosenEngines(dir.path), [])
  await mkdir(join(dir.path, 'other/models.yaml'), { recursive: true })
  deepEqual(chosenEngines(join(dir.path, 'other')), [])
})
