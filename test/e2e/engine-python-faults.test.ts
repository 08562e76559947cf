import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { identify, isAlive } from '../../lib/process-identity.ts'
import type { EngineFailure, LlmRequest } from '../../services/core/engine.ts'
import { type EngineEvent, EngineProcess, type EngineLimits } from '../../services/core/engine-process.ts'
import { failureError } from '../../services/core/messages.ts'
import { EngineRig } from '../support/engine-rig.ts'
import { root } from '../support/our-stack.ts'
import { havePython, pythonEngine } from '../support/python-engine.ts'
import { tempDir } from '../support/temp.ts'

const complete = (prompt: string): LlmRequest => ({ kind: 'complete', prompt })

/** An engine of that text, its failure to load, and the words for it. */
async function loadFailure(text: string, env: Record<string, string> = {}) {
  await using dir = await tempDir()
  const { program, model } = await pythonEngine(dir.path, text)
  await using rig = await EngineRig.start({ ...inRoot(program), model, env })
  const failure = rig.loadFailure
  ok(failure !== undefined, JSON.stringify(rig.events))
  return { failure, words: wordsOf(failure), program }
}

function wordsOf(failure: EngineFailure): string {
  const { code, message } = failureError('mine', failure)
  return `${code}: ${message}`
}

/** The rig's programs are named from the root of the repository. */
const inRoot = (program: string) => ({ program: join('../'.repeat(root.split('/').length - 1), program) })

suite('what is wrong with an engine in Python', { skip: havePython() }, () => {
  test('a package that is not installed is named, with what to do', async () => {
    const atTop = await loadFailure('import no_such_package.part\n')
    deepEqual(atTop.failure, {
      reason: 'missing_package',
      package: 'no_such_package',
      program: atTop.program,
    })
    equal(
      atTop.words,
      'missing_package: The model mine needs the Python package no_such_package, which is not installed.',
    )
    const inLoad = await loadFailure(`
from courante_engine import Engine, run
class Mine(Engine):
    def load(self, model, setup):
        import no_such_package
run(Mine())
`)
    equal(inLoad.failure.reason, 'missing_package')
  })

  test('a fault in its file is told with its place, also one that ends it', async () => {
    const syntax = await loadFailure('def broken(:\n    pass\n')
    match(syntax.words, /^bad_program: .*SyntaxError: .*\(engine\.py, line 1\)/)
    const top = await loadFailure('x = 1\nraise ValueError("no such thing")\n')
    match(top.words, /can't be started: ValueError: no such thing \(engine\.py, line 2\)\./)
    const part = await loadFailure('import json.nothing\n')
    match(part.words, /bad_program: .*ModuleNotFoundError: .*json\.nothing.*\(engine\.py, line 1\)/)
    match((await loadFailure('import sys; sys.exit(3)\n')).words, /bad_program: .*SystemExit: 3/)
    match((await loadFailure('')).words, /bad_program: .*it ends without a call of run/)
  })

  test('a file that is gone, and a Python that is not there, are failures of the load', async () => {
    await using dir = await tempDir()
    const program = join(dir.path, 'gone.py')
    const model = { id: 'mine', engine: 'python', files: {}, settings: { program } }
    await using gone = await EngineRig.start({ ...inRoot(program), model })
    deepEqual(gone.loadFailure, { reason: 'missing_files', files: [program] })
    await mkdir(join(dir.path, 'bin'))
    const env = { PATH: join(dir.path, 'bin') }
    await using without = await EngineRig.start({ ...inRoot(program), model, env })
    match(wordsOf(without.loadFailure!), /^missing_program: The model mine needs the program python3/)
    await without.exited
  })

  test('a load that fails by itself says what its author wrote, or is a bug with its place', async () => {
    const load = (line: string) =>
      `from courante_engine import *\nclass Mine(Engine):\n  def load(self, model, setup):\n    ${line}\nrun(Mine())\n`
    deepEqual((await loadFailure(load('raise BadSettings("size is no number")'))).failure, {
      reason: 'bad_settings',
      detail: 'size is no number',
    })
    equal((await loadFailure(load('raise MemoryError'))).failure.reason, 'out_of_memory')
    match(
      (await loadFailure(load('model.file("weights")'))).words,
      /it needs a file as `weights`; given are: none/,
    )
    const bug = await loadFailure(load('{}["x"]'))
    match(bug.words, /internal: .*KeyError: 'x' \(engine\.py, line 4\)/)
    match(bug.failure.reason === 'internal' ? bug.failure.detail : '', /Traceback/)
  })
})

const quick: EngineLimits = { beats: { loading: 120, ready: 2 }, cancel: 300, stop: 2000 }

const naughty = `
import ctypes, os, subprocess, sys, time
from courante_engine import Engine, run

class Naughty(Engine):
    parallel = 2

    def load(self, model, setup):
        print('a library that talks')
        os.write(1, b'and one in C\\n' * 1000)
        code = 'import sys, time; x = b"x" * int(sys.argv[1]); print("there", flush=True); time.sleep(1000)'
        size = str(model.settings.get('megabytes', 0) << 20)
        words = [sys.executable, '-c', code, size]
        self.child = subprocess.Popen(words, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
        self.child.stdout.readline()
        self.ballast = bytearray(os.urandom(1 << 20)) * model.settings.get('megabytes', 0)
        return {'child': self.child.pid}

    def complete(self, request, job):
        prompt = request['prompt']
        yield 'begun'
        if prompt == 'exit':
            sys.stderr.write('last words')
            os._exit(7)
        if prompt == 'hold':  # the global lock, which no beat comes through
            ctypes.PyDLL(None).sleep(1000)
        if prompt == 'native':  # without it
            ctypes.CDLL(None).sleep(3)
        if prompt == 'deaf':
            time.sleep(1000)
        if prompt == 'bug':
            raise RuntimeError('as the test wanted')
        if prompt == 'nan':
            job.say({'type': 'text', 'text': float('nan')})
        try:
            while prompt == 'long':
                yield ' more'
        finally:
            if prompt == 'long':
                open(os.path.join(job.out, 'closed'), 'w').close()

run(Naughty())
`

/** The naughty engine, loaded, under limits that a test can wait for. */
async function started(settings: Record<string, unknown> = {}) {
  const dir = await tempDir()
  const { program, model } = await pythonEngine(dir.path, naughty, settings)
  const events: EngineEvent[] = []
  const loaded = Promise.withResolvers<void>()
  const exited = Promise.withResolvers<Extract<EngineEvent, { type: 'exited' }>>()
  const engine = new EngineProcess({
    program,
    model,
    threads: 1,
    gpu: false,
    env: process.env,
    limits: quick,
    onEvent: event => {
      events.push(event)
      if (event.type === 'loaded') loaded.resolve()
      if (event.type === 'load_failed') loaded.reject(new Error(JSON.stringify(event)))
      if (event.type === 'exited') exited.resolve(event)
    },
  })
  await loaded.promise
  const run = (prompt: string, onLine: () => void = () => undefined) =>
    engine.run(
      { job: prompt, request: complete(prompt), folder: '/', out: dir.path, socket: '' },
      { say: onLine, listening: () => undefined },
    )
  const [facts] = events.flatMap(event => (event.type === 'loaded' ? [event.facts] : []))
  return {
    engine,
    run,
    events,
    child: Number(facts?.['child']),
    exited: exited.promise,
    [Symbol.asyncDispose]: async () => {
      await engine.stop()
      await dir[Symbol.asyncDispose]()
    },
  }
}

suite('the process of an engine in Python', { skip: havePython() }, () => {
  test('what a library prints gets into nobody’s way; its memory is measured, with what it has started', async () => {
    await using at = await started({ megabytes: 64 })
    const memory = at.events.find(event => event.type === 'memory')
    ok(memory !== undefined && memory.bytes > 128 * 1024 * 1024, JSON.stringify(memory))
    equal((await at.run('fine')).type, 'done')
  })

  test('a crash ends its jobs with its last words, and takes along what it had started', async () => {
    await using at = await started()
    const child = identify(at.child)
    ok(child !== undefined)
    const end = await at.run('exit')
    match(end.type === 'crashed' ? end.detail : end.type, /exit code 7, pid \d+: .*last words/)
    await at.exited
    // Its end is on its way.
    while (isAlive(child)) await setImmediate()
  })

  test('kill -9 is a crash, too', async () => {
    await using at = await started()
    const begun = Promise.withResolvers<void>()
    const running = at.run('long', begun.resolve)
    await begun.promise
    process.kill(at.engine.pid!, 'SIGKILL')
    const end = await running
    match(end.type === 'crashed' ? end.detail : end.type, /SIGKILL/)
  })

  test('native code that lets Python go on lives, one that holds its lock gives no sign of life', async () => {
    await using at = await started()
    equal((await at.run('native')).type, 'done')
    const end = await at.run('hold')
    match(end.type === 'crashed' ? end.detail : end.type, /no sign of life for 3 s: SIGKILL/)
  })

  test('one that does not obey a cancellation is killed; one that yields obeys at once and cleans up', async () => {
    await using at = await started()
    const begun = Promise.withResolvers<void>()
    const running = at.run('long', begun.resolve)
    await begun.promise
    at.engine.cancel('long')
    const end = await running
    deepEqual(end.type === 'failed' && end.failure, { reason: 'cancelled' })
    const deaf = Promise.withResolvers<void>()
    const other = at.run('deaf', deaf.resolve)
    await deaf.promise
    at.engine.cancel('deaf')
    const killed = await other
    match(killed.type === 'crashed' ? killed.detail : killed.type, /did not obey a cancellation/)
  })

  test('a bug fails its job alone, with the place of it', async () => {
    await using at = await started()
    for (const [prompt, words] of [
      ['bug', /RuntimeError: as the test wanted \(engine\.py, line \d+\)/],
      ['nan', /ValueError: Out of range float values/],
    ] as const) {
      const end = await at.run(prompt)
      ok(end.type === 'failed' && end.failure.reason === 'internal', JSON.stringify(end))
      match(end.failure.detail, words)
    }
    equal((await at.run('fine')).type, 'done')
  })

  test('signals for the whole stack are not its business: core ends it', async () => {
    await using at = await started()
    process.kill(at.engine.pid!, 'SIGTERM')
    process.kill(at.engine.pid!, 'SIGINT')
    equal((await at.run('fine')).type, 'done')
    await at.engine.stop()
    match((await at.exited).detail, /exit code 0/)
  })
})
