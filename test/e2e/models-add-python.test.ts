import assert from 'node:assert/strict'
import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable, PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { after, before, suite, test } from 'node:test'
import { execa } from 'execa'
import { install } from '../../runner/install/install.ts'
import { run } from '../../runner/main.ts'
import { runContext } from '../../runner/run-context.ts'
import { parseModelsFile } from '../../models/models-file.ts'
import { fakeVoskModel, fakeVoskWheel } from '../support/fake-vosk.ts'
import { testIo } from '../support/installer.ts'
import { root } from '../support/our-stack.ts'
import { havePython } from '../support/python-engine.ts'
import { quickPython } from '../support/quick-python.ts'
import { tempDir } from '../support/temp.ts'
import { anyPython, pipEnv } from '../support/venv-rig.ts'

const vosk = join(root, 'services/python/examples/vosk_engine.py')
const shout = join(root, 'services/python/examples/shout_engine.py')

suite('courante models add of a program in Python', { skip: havePython() }, () => {
  let python: Awaited<ReturnType<typeof quickPython>>
  before(async () => {
    python = await quickPython(anyPython)
  })
  after(() => python.remove())

  /** A folder with a stack that has a venv; pip finds only what lies in `wheels`. */
  async function machine(environment = `python: { version: '${anyPython}', venv: venv, requirements: [] }`) {
    const dir = await tempDir()
    const at = (path: string): string => join(dir.path, path)
    const stack = `version: 1\nname: mine\nenvironment:\n  ${environment}\nservices:\n  one: { command: [node, one.js] }\n`
    await writeFile(at('stack.yaml'), stack)
    for (const name of ['wheels', 'user', 'files']) await mkdir(at(name))
    const own = pipEnv(at('wheels'))
    const env = {
      ...own,
      PATH: `${python.bin}:${own['PATH']}`,
      HOME: at('user'),
      COURANTE_MODELS: at('files'),
      COURANTE_GPU: 'off',
    }
    const ask = async (...words: string[]) => {
      const [stdout, stderr] = [new PassThrough(), new PassThrough()]
      const signal = new AbortController().signal
      const become = (): never => assert.fail()
      const stdin = Readable.from('')
      const io = { stdin, stdout, stderr, cwd: dir.path, signal, insist: signal, become, env }
      const exitCode = await run([...words, '--stack', at('stack.yaml')], io)
      stdout.end()
      stderr.end()
      return { exitCode, stdout: await text(stdout), stderr: await text(stderr) }
    }
    const models = async () => {
      const read = parseModelsFile(await readFile(at('var/models.yaml'), 'utf8'))
      assert.ok(read.ok)
      return read.data.models
    }
    return { at, ask, env, models, [Symbol.asyncDispose]: () => dir[Symbol.asyncDispose]() }
  }

  test('one without needs is added as it is, and its kind has to be said', async () => {
    await using pc = await machine()
    const added = await pc.ask('models', 'add', shout, '--kind', 'llm')
    assert.equal(added.exitCode, 0, added.stderr)
    assert.deepEqual(await pc.models(), [{ id: 'shout_engine', kind: 'llm', path: shout }])
    await writeFile(pc.at('bad.py'), '# /// script\n# dependencies = ["--pre"]\n# ///\n')
    await writeFile(pc.at('new.py'), '# /// script\n# requires-python = ">=3.99"\n# ///\n')
    await writeFile(pc.at('some_thing.py'), '# /// script\n# dependencies = ["Some.Thing>=1"]\n# ///\n')
    for (const [words, code, told] of [
      [[shout, '--kind', 'llm'], 2, /there is a model "shout_engine" already/],
      [[vosk], 2, /nobody knows what .* does[^]*--kind llm/],
      [[vosk, '--kind', 'stt', '--file', 'model'], 2, /--file takes ROLE=PATH/],
      [[vosk, '--kind', 'stt', '--file', 'model=nowhere'], 2, /there is no file .*nowhere/],
      [['none.py', '--kind', 'stt'], 2, /there is no file .*none\.py/],
      [['bad.py', '--kind', 'stt'], 2, /"--pre" is no dependency/],
      [['some_thing.py', '--kind', 'stt'], 2, /has the name of the package some-thing/],
      [['new.py', '--kind', 'stt'], 1, /needs Python >=3\.99, and the one of this stack is 3\./],
    ] as const) {
      const { exitCode, stderr } = await pc.ask('models', 'add', ...words)
      assert.equal(exitCode, code, stderr)
      assert.match(stderr, told)
    }
  })

  test('what one needs is shown, installed on consent, named by doctor, and installed again into a new venv', async () => {
    await using pc = await machine()
    const folder = await fakeVoskModel(pc.at('.'))
    await copyFile(vosk, pc.at('vosk_engine.py'))
    const words = ['models', 'add', 'vosk_engine.py', '--kind', 'stt', '--file', `model=${folder}`] as const
    const asked = await pc.ask(...words)
    assert.equal(asked.exitCode, 2, asked.stderr)
    assert.match(asked.stderr, /nobody to ask[^]*Python packages[^]*vosk>=0\.3\.42/)
    // There is no such wheel yet: nothing is added.
    const failed = await pc.ask(...words, '--yes')
    assert.equal(failed.exitCode, 1, failed.stderr)
    assert.match(failed.stderr, /Python packages could not be installed/)
    await fakeVoskWheel(pc.at('wheels'))
    const added = await pc.ask(...words, '--yes', '--id', 'vosk')
    assert.equal(added.exitCode, 0, added.stderr)
    assert.deepEqual(await pc.models(), [
      { id: 'vosk', kind: 'stt', path: pc.at('vosk_engine.py'), files: { model: folder } },
    ])
    const well = await pc.ask('doctor', '--fast')
    assert.doesNotMatch(well.stdout, /Python packages/)
    await rm(pc.at('venv'), { recursive: true })
    const doctor = await pc.ask('doctor', '--fast')
    assert.match(doctor.stdout, /Python packages[^]*vosk>=0\.3\.42/)
    // As `up` does.
    const { environment } = await runContext({ stack: pc.at('stack.yaml') }, testIo(pc.env))
    const grant = { consent: 'yes', environmentGranted: false } as const
    const outcome = await install(environment, grant, testIo(pc.env))
    assert.equal(outcome.type, 'ready', JSON.stringify(outcome))
    await execa(pc.at('venv/bin/python'), ['-I', '-c', 'import vosk'], { cwd: '/' })
  })

  test('a stack without a Python of its own is told what to install', async () => {
    await using pc = await machine(`node: '>=20'`)
    const added = await pc.ask('models', 'add', vosk, '--kind', 'stt')
    assert.equal(added.exitCode, 0, added.stderr)
    assert.match(added.stderr, /no Python of its own[^]*needs vosk>=0\.3\.42/)
  })
})
