import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { execa } from 'execa'
import { programSources } from '../../../models/programs.ts'
import { fakeProgram } from '../../../test/support/fake-program.ts'
import { tempDir } from '../../../test/support/temp.ts'
import { notices } from '../messages.ts'
import { factsOf } from '../step.ts'
import { backendFor } from './backend.ts'
import { jobsFor } from './build.ts'
import { missingBuildTools } from './build-tools.ts'
import { lookAtPrograms, type ProgramSeen } from './look.ts'
import { type Obstacle, obstacleTo } from './obstacle.ts'
import { planPrograms } from './plan.ts'
import { chosenEngines } from './wanted.ts'

const seen = {
  type: 'missing',
  program: programSources['whisper-server'],
  backend: 'cpu',
  obstacle: undefined,
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

test('where a program can not be built nothing is planned, and a line says why and what to do', () => {
  equal(planPrograms([seen], how).steps.length, 1)
  const told = (obstacle: Obstacle): string => {
    const { steps, notices } = planPrograms([{ ...seen, obstacle }], how)
    deepEqual(steps, [])
    return notices.join('\n')
  }
  const tools = told({ type: 'no_tools', tools: ['cmake', 'c++', 'make'] })
  match(tools, /whisper-server .* can't be built without cmake, a C\+\+ compiler and make/)
  match(tools, /Install them: apt install cmake g\+\+ make;/)
  match(told({ type: 'no_sources' }), /without its sources/)
  const another = /a whisper-server on PATH does as well, or one that your own model names/
  const path = told({ type: 'path', folder: '/a:b', character: ':' })
  match(path, /can't be built in \/a:b: make and cmake can't cope with ":" in a path/)
  match(path, another)
  const closed = told({ type: 'not_writable', folder: '/usr/lib/x' })
  match(closed, /\/usr\/lib\/x can't be written by this user/)
  match(closed, another)
})

test("on a Mac, Apple's tools are named, and Homebrew has the rest", () => {
  const told = (tools: readonly string[], manager: 'brew' | undefined): string =>
    notices.cannotBuild(seen.program, { type: 'no_tools', tools }, { manager }, 'darwin')
  match(
    told(['cmake', 'c++', 'make'], 'brew'),
    /Install them: xcode-select --install and brew install cmake;/,
  )
  match(told(['c++'], undefined), /Install it: xcode-select --install;/)
})

test("on a Mac without Apple's tools, what stands for them in /usr/bin does not count", async () => {
  await using dir = await tempDir()
  const env = { PATH: `${await fakeProgram(dir.path, 'cmake', '')}:/usr/bin` }
  const without = { platform: 'darwin', has: () => false } as const
  deepEqual(missingBuildTools(true, env, without), ['c++', 'make', 'git'])
  const make = '/Library/Developer/CommandLineTools/usr/bin/make'
  const all = { PATH: env.PATH.replace(':/usr/bin', '') }
  for (const name of ['clang++', 'make']) await fakeProgram(dir.path, name, '')
  deepEqual(missingBuildTools(false, all, without), [])
  const has = (path: string): boolean => path === make
  deepEqual(missingBuildTools(false, env, { platform: 'darwin', has }), [])
})

test('a place whose name cmake or make would not understand is no place for a build', () => {
  const at = (root: string): Obstacle | undefined =>
    obstacleTo(programSources['whisper-server'], { PATH: '' }, root)
  for (const name of ['a:b', 'a;b', 'a\\b', 'a"b', 'a|b', 'a[b', 'a\tb'])
    deepEqual(at(`/nowhere/${name}/x`), {
      type: 'path',
      folder: `/nowhere/${name}/x`,
      character: name[1],
    })
})

test('neither is one that this user may not write to', async () => {
  await using dir = await tempDir()
  await chmod(dir.path, 0o555)
  const script = `
    import { obstacleTo } from ${JSON.stringify(join(import.meta.dirname, 'obstacle.ts'))}
    // Root may write everywhere.
    if (process.getuid() === 0) process.setuid(65534)
    const obstacle = obstacleTo({ from: { type: 'archive' } }, { PATH: '' }, process.argv[1])
    console.log(JSON.stringify(obstacle))`
  const at = async (root: string): Promise<unknown> =>
    JSON.parse((await execa(process.execPath, ['--input-type=module', '-e', script, root])).stdout)
  deepEqual(await at(dir.path), { type: 'not_writable', folder: dir.path })
  await chmod(dir.path, 0o777)
  deepEqual(await at(join(dir.path, "it's a #1 (é)")), { type: 'no_tools', tools: ['cmake', 'c++', 'make'] })
})

test('one that was built from older sources is built anew when it is asked for, and holds up no start', async () => {
  await using dir = await tempDir()
  const folder = join(dir.path, '.runtime/programs/whisper')
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'whisper-server'), '#!/bin/sh\n', { mode: 0o755 })
  const look = (): ProgramSeen[] => lookAtPrograms(new Set(['whisper']), process.env, dir.path)
  equal(look()[0]?.type, 'ready')
  const stamp = (version: string): Promise<void> =>
    writeFile(join(folder, 'stamp.json'), JSON.stringify({ version, backend: 'cpu' }))
  await stamp(programSources['whisper-server'].version)
  equal(look()[0]?.type, 'ready')
  await stamp('1.0.0')
  const [old] = look()
  ok(old?.type === 'old')
  const buildable = { ...old, obstacle: undefined }
  const [step] = planPrograms([buildable], how).steps
  equal(step?.replaces, '1.0.0')
  match(factsOf(step).why, /built here.*, in place of version 1\.0\.0, about/)
  deepEqual(planPrograms([buildable], { ...how, optional: true }), { steps: [], notices: [] })
  const impossible = { ...old, obstacle: { type: 'no_tools', tools: ['cmake'] } } as const
  match(planPrograms([impossible], how).notices.join(''), /is of version 1\.0\.0, and \S+ can't be built/)
})

test('as many compilers as there are processors, and as there is memory for', () => {
  equal(jobsFor({ cores: 8, memory: 64e9 }), 8)
  equal(jobsFor({ cores: 64, memory: 8e9 }), 4)
  equal(jobsFor({ cores: 4, memory: 1e9 }), 1)
})

test('only what is asked for is looked for, and what is built or on PATH is not built', async () => {
  await using dir = await tempDir()
  const whisper = new Set(['whisper', 'moonshine'])
  const env = { PATH: await fakeProgram(dir.path, 'cmake', '') }
  const [first, ...more] = lookAtPrograms(whisper, env, dir.path)
  deepEqual(more, [])
  ok(first?.type === 'missing')
  equal(first.program.name, 'whisper-server')
  deepEqual(first.obstacle, { type: 'no_tools', tools: ['c++', 'make'] })
  const [llama] = lookAtPrograms(new Set(['llama-server']), env, dir.path)
  ok(llama?.type === 'missing')
  equal(llama.obstacle?.type, 'no_sources')
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
