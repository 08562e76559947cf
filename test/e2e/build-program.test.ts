import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readdirSync, watch } from 'node:fs'
import { chmod, chown, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { findOnPath } from '../../lib/find-on-path.ts'
import { parseIdentity } from '../../lib/identity-schema.ts'
import { identify, isAlive } from '../../lib/process-identity.ts'
import { type ProgramSource, programPath, programSources } from '../../models/programs.ts'
import { stampOf } from '../../runner/install/builds/stamp.ts'
import { perform } from '../../runner/install/do.ts'
import { itemsOf } from '../../runner/install/item.ts'
import { describe } from '../../runner/install/screen.ts'
import type { Step } from '../../runner/install/step.ts'
import { fakeProgram } from '../support/fake-program.ts'
import { testIo } from '../support/installer.ts'
import { startRegistry } from '../support/registry.ts'
import { tempDir } from '../support/temp.ts'

const tools = ['cmake', 'c++', 'make'].filter(name => findOnPath(name, process.env['PATH']) === undefined)
const skip = tools.length === 0 ? false : `not installed: ${tools.join(', ')}`

const cmake = `cmake_minimum_required(VERSION 3.14)
project(tiny CXX)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY bin)
option(GGML_CUDA "of a card" OFF)
if (GGML_CUDA)
  message(FATAL_ERROR "no CUDA toolkit")
endif()
add_executable(tiny-server main.cpp)
`
const good = '#include <cstdio>\nint main() { std::puts("tiny"); return 0; }\n'

/** Sources in a package of a registry, and the step that builds them in a folder. */
async function start(main: string) {
  const name = '@courante-test/sources'
  const files = { 'tiny/CMakeLists.txt': Buffer.from(cmake), 'tiny/main.cpp': Buffer.from(main) }
  const registry = await startRegistry({ name, version: '1.0.0', files })
  const dir = await tempDir()
  // As people's folders are called.
  const root = join(dir.path, "it's here (é)")
  await mkdir(root)
  const { bytes, integrity } = registry.tarball
  const program: ProgramSource = {
    ...programSources['whisper-server'],
    name: 'tiny-server',
    folder: 'tiny',
    version: '1.2.3',
    from: {
      type: 'archive',
      source: { npm: name, version: '1.0.0', integrity, bytes },
      inside: 'package/tiny',
    },
    options: ['-DCMAKE_BUILD_TYPE=Release'],
    target: 'tiny-server',
    binary: 'bin/tiny-server',
    buildBytes: 1e6,
  }
  const step = { type: 'build_program', program, backend: 'cpu', root, dir: root } as const
  return {
    registry,
    path: root,
    at: (path: string): string => join(root, '.runtime/programs', path),
    step: (change: Partial<Extract<Step, { type: 'build_program' }>> = {}): Step => ({
      ...step,
      optional: false,
      ...change,
    }),
    env: { ...process.env, ...registry.env } as Record<string, string>,
    [Symbol.asyncDispose]: async () => {
      await registry[Symbol.asyncDispose]()
      await dir[Symbol.asyncDispose]()
    },
  }
}

/** Waits until so many files are in a folder; fails where what should write them ends before. */
async function countOf(folder: string, count: number, running: Promise<unknown>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const look = (): void => {
    if (readdirSync(folder).length >= count) resolve(true)
  }
  const watcher = watch(folder, look)
  look()
  const isThere = await Promise.race([promise, running.then(() => false)])
  watcher.close()
  assert.ok(isThere, 'it ended before')
}

/** With the rights of somebody who owns these paths and nothing else: root may write everywhere. */
async function withoutRoot<T>(paths: readonly string[], work: () => Promise<T>): Promise<T> {
  if (process.getuid?.() !== 0) return work()
  for (const path of paths) await chown(path, 65_534, 65_534)
  process.seteuid?.(65_534)
  try {
    return await work()
  } finally {
    process.seteuid?.(0)
  }
}

/** Everything under `.runtime/programs` but what remembers downloads. */
async function left(at: (path: string) => string): Promise<string[]> {
  const names = await readdir(at('.'), { recursive: true })
  return names.filter(name => name !== 'lock.json').sort()
}

suite('building a program, in a folder with spaces and quotes in its name', { skip }, () => {
  test('it is asked for with its size, licence and time, and lies there whole with its stamp', async () => {
    await using here = await start(good)
    const items = itemsOf([here.step()])
    const screen = describe(items, { dir: here.path, env: {} })
    assert.match(
      screen,
      /tiny-server\s+\d\S* (kB|MB)\s+MIT\s+speech to text with whisper\.cpp; built here, about 2\s+minutes/,
    )
    assert.match(
      screen,
      /from npm: @courante-test\/sources@1\.0\.0 to\s+\.runtime\/programs\/tiny\/tiny-server/,
    )
    const io = testIo(here.env)
    assert.deepEqual(await perform(items, io), { problems: [], notices: [] })
    assert.deepEqual(await left(here.at), ['tiny', 'tiny/stamp.json', 'tiny/tiny-server'])
    assert.equal(spawnSync(here.at('tiny/tiny-server')).stdout.toString(), 'tiny\n')
    assert.deepEqual(JSON.parse(await readFile(here.at('tiny/stamp.json'), 'utf8')), {
      version: '1.2.3',
      backend: 'cpu',
    })
    assert.match(io.text(), /^tiny-server: from npm: \S+\ntiny-server: done in [\d.]+ s\n$/)
  })

  test('what does not compile is told with its last words and its log, and leaves nothing else', async () => {
    await using here = await start('int main() { return missing; }\n')
    const { problems } = await perform(itemsOf([here.step()]), testIo(here.env))
    const [problem] = problems
    assert.equal(problem?.code, 'build_failed')
    assert.match(problem.what, /main\.cpp:1:\d+: error: .*missing/)
    assert.equal(problem.todo, `The whole output is in ${here.at('tiny-build.log')}`)
    assert.match(await readFile(here.at('tiny-build.log'), 'utf8'), /\$ cmake -S [^]*\$ cmake --build/)
    assert.equal((await stat(here.at('tiny-build.log'))).mode & 0o777, 0o600)
    assert.deepEqual(await left(here.at), ['tiny-build.log'])
  })

  test('where it can be done without, a failure is a line, and the rest goes on', async () => {
    await using here = await start('broken')
    const done = await perform(itemsOf([here.step({ optional: true })]), testIo(here.env))
    assert.deepEqual(done.problems, [])
    assert.match(
      done.notices.join('\n'),
      /^speech to text with whisper\.cpp is left out this time: tiny-server could not/,
    )
  })

  test('what can not be built for the card is built for the processor, and that is said', async () => {
    await using here = await start(good)
    const io = testIo(here.env)
    assert.deepEqual(await perform(itemsOf([here.step({ backend: 'cuda' })]), io), {
      problems: [],
      notices: [],
    })
    assert.match(io.text(), /could not be built for cuda, so it is built for the processor/)
    assert.match(await readFile(here.at('tiny/stamp.json'), 'utf8'), /"backend":"cpu"/)
  })

  test('a full disk is told as one', async () => {
    await using here = await start(good)
    const bin = await fakeProgram(
      here.path,
      'cmake',
      'echo "fatal error: error writing to x.s: No space left on device"; exit 1',
    )
    const env = { ...here.env, PATH: `${bin}:${here.env['PATH'] ?? ''}` }
    const { problems } = await perform(itemsOf([here.step()]), testIo(env))
    assert.equal(problems[0]?.code, 'no_space')
  })

  test('Ctrl-C ends the compiler and leaves nothing; the next try is as the first', async () => {
    await using here = await start(good)
    const pids = join(here.path, 'pids')
    await mkdir(pids)
    // And a compiler below it.
    const body = `echo >"$PIDS/$$"; sh -c 'echo >"$PIDS/$$"; exec sleep 600'; exit 1`
    const bin = await fakeProgram(here.path, 'cmake', body)
    const stop = new AbortController()
    const env = { ...here.env, PATH: `${bin}:${here.env['PATH'] ?? ''}`, PIDS: pids }
    const running = perform(itemsOf([here.step()]), { ...testIo(env), signal: stop.signal })
    await countOf(pids, 2, running)
    const compilers = (await readdir(pids)).map(pid => identify(Number(pid)))
    stop.abort('SIGINT')
    const { problems } = await running
    assert.deepEqual(
      compilers.map(one => one !== undefined && isAlive(one)),
      [false, false],
    )
    assert.equal(problems[0]?.code, 'interrupted')
    assert.deepEqual(
      (await left(here.at)).filter(name => name !== 'tiny-build.log'),
      [],
    )
    await rm(bin, { recursive: true })
    assert.deepEqual((await perform(itemsOf([here.step()]), testIo(here.env))).problems, [])
    assert.deepEqual(await left(here.at), ['tiny', 'tiny/stamp.json', 'tiny/tiny-server'])
  })

  test('what a killed build has left behind is not built upon', async () => {
    await using here = await start(good)
    await mkdir(here.at('.build-tiny/sources'), { recursive: true })
    await writeFile(here.at('.build-tiny/sources/CMakeLists.txt'), 'message(FATAL_ERROR "half a file")')
    const gone = JSON.stringify({ pid: 4_194_305, started: '1', boot: 'x' })
    assert.notEqual(parseIdentity(gone), undefined)
    await writeFile(here.at('.lock-tiny'), gone)
    assert.deepEqual((await perform(itemsOf([here.step()]), testIo(here.env))).problems, [])
    assert.deepEqual(await left(here.at), ['tiny', 'tiny/stamp.json', 'tiny/tiny-server'])
  })

  test('of two at once, one builds, and the other waits for it', async () => {
    await using here = await start(good)
    const runs = [1, 2].map(() => perform(itemsOf([here.step()]), testIo(here.env)))
    for (const { problems } of await Promise.all(runs)) assert.deepEqual(problems, [])
    assert.equal(here.registry.requests.filter(path => path.endsWith('.tgz')).length, 1)
    assert.deepEqual(await left(here.at), ['tiny', 'tiny/stamp.json', 'tiny/tiny-server'])
  })

  test('a newer version takes the place of the one that is there, as one folder', async () => {
    await using here = await start(good)
    await mkdir(here.at('tiny'), { recursive: true })
    await writeFile(here.at('tiny/tiny-server'), '#!/bin/sh\n', { mode: 0o755 })
    await writeFile(here.at('tiny/stamp.json'), '{"version":"1.0.0","backend":"cpu"}')
    await writeFile(here.at('tiny/of-old'), '')
    assert.deepEqual((await perform(itemsOf([here.step()]), testIo(here.env))).problems, [])
    assert.deepEqual(await left(here.at), ['tiny', 'tiny/stamp.json', 'tiny/tiny-server'])
    assert.equal(stampOf(here.at('tiny/tiny-server'))?.version, '1.2.3')
  })

  test('remains that can not be removed are told, and nobody waits for that build afterwards', async () => {
    await using here = await start(good)
    await mkdir(here.at('.build-tiny/of-root'), { recursive: true })
    await writeFile(here.at('.build-tiny/of-root/file'), '')
    await chmod(here.at('.build-tiny/of-root'), 0o555)
    const mine = [join(here.path, '..'), here.path, here.at('..'), here.at('.'), here.at('.build-tiny')]
    const { problems } = await withoutRoot(mine, () => perform(itemsOf([here.step()]), testIo(here.env)))
    assert.equal(problems[0]?.code, 'not_writable')
    assert.deepEqual(await readdir(here.at('.')), ['.build-tiny'])
  })

  test('sources that lie here as a git bundle are built without any download', async () => {
    await using here = await start(good)
    const repo = join(here.path, 'repo')
    await mkdir(repo)
    await writeFile(join(repo, 'CMakeLists.txt'), cmake)
    await writeFile(join(repo, 'main.cpp'), good)
    const git = (...args: string[]): void => {
      const who = ['-c', 'user.name=x', '-c', 'user.email=x@x', '-c', 'commit.gpgsign=false']
      const { status, stderr } = spawnSync('git', ['-C', repo, ...who, ...args])
      assert.equal(status, 0, stderr.toString())
    }
    git('init', '--quiet')
    git('add', '.')
    git('commit', '--quiet', '-m', 'x')
    git('bundle', 'create', '--quiet', join(here.path, 'sources.bundle'), 'HEAD')
    const step = here.step()
    assert.ok(step.type === 'build_program')
    const program = { ...step.program, from: { type: 'bundle', path: 'sources.bundle' } } as const
    assert.deepEqual((await perform(itemsOf([here.step({ program })]), testIo(here.env))).problems, [])
    assert.deepEqual(await left(here.at), ['tiny', 'tiny/stamp.json', 'tiny/tiny-server'])
    assert.deepEqual(here.registry.requests, [])
  })
})

test('a program is looked for where the model says, then where it was built, then on PATH', async () => {
  await using dir = await tempDir()
  const root = dir.path
  const built = join(root, '.runtime/programs/whisper/whisper-server')
  const bin = await fakeProgram(root, 'whisper-server', 'exit 0')
  const env = { PATH: bin }
  const path = (settings: Record<string, unknown>, where = env): string | undefined =>
    programPath('whisper-server', { env: where, settings, root })
  assert.equal(path({}), join(bin, 'whisper-server'))
  assert.equal(path({}, { PATH: '/nowhere' }), undefined)
  await mkdir(join(built, '..'), { recursive: true })
  await writeFile(built, '#!/bin/sh\n', { mode: 0o755 })
  assert.equal(path({}), built)
  assert.equal(path({ program: join(bin, 'whisper-server') }), join(bin, 'whisper-server'))
  assert.equal(path({ program: '/nowhere/whisper-server' }), undefined)
  assert.equal(path({ program: 'whisper-server' }), undefined)
})
