import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { after, suite, test } from 'node:test'
import { encodeJsonFrame } from '../../lib/frames.ts'
import type { LlmRequest, TtsRequest } from '../../services/core/engine.ts'
import { failureError } from '../../services/core/messages.ts'
import { EngineRig } from '../support/engine-rig.ts'
import { root } from '../support/our-stack.ts'
import { havePython, pythonEngine } from '../support/python-engine.ts'
import { tempDir } from '../support/temp.ts'

/** What a beginner writes. Its lines are counted below. */
const source = `
import array, sys
from courante_engine import *

class Wrong(Engine):
    can = ['tools']
    boom = False

    def gpu_memory(self):
        if self.boom:
            raise RuntimeError('nvml hiccup')
        return 5

    def chat(self, request, job):
        wish = request['messages'][-1]['content']
        if wish == 'exception':
            try:
                int('x')
            except ValueError as error:
                raise BadRequest(error)
        if wish == 'reason':
            raise Failure('my_own_reason')
        if wish == 'fault':
            raise BadAudio('weird')
        if wish == 'finish':
            job.finish = 'eos'
        if wish == 'tokens':
            job.prompt_tokens = None
        if wish == 'tool':
            job.call_tool('f', {'x': {1}})
        if wish == 'result':
            job.result['x'] = object()
        if wish == 'gpu':
            self.boom = True
        if wish == 'print':
            print('half of it is done')
            raise KeyError('the rest')
        if wish == 'huge':
            yield 'x' * 17_000_000
        yield 5 if wish == 'number' else 'well'

    def complete(self, request, job):
        print('hello')

    def embed(self, request, job):
        if request['input'] == ['nan']:
            return [[float('nan')]]
        if 'few' in request['input']:
            return []
        return [3, 4]

    def speak(self, request, job):
        if request['text'] == 'int':
            return [5]
        if request['text'] == 'float':
            return array.array('f', [0.5])
        return array.array('h', [10000] * 8000).tobytes()

run(Wrong())
`

suite('what an engine in Python gives that can’t be', { skip: havePython() }, async () => {
  const dir = await tempDir()
  after(() => dir[Symbol.asyncDispose]())
  const { program, model } = await pythonEngine(dir.path, source)
  const inRoot = join('../'.repeat(root.split('/').length - 1), program)
  const rig = await EngineRig.start({ program: inRoot, model })
  after(() => rig[Symbol.asyncDispose]())
  const chat = (content: string): LlmRequest => ({
    kind: 'chat',
    messages: [{ role: 'user', content }],
    toolChoice: 'auto',
  })
  const embed = (...input: string[]): LlmRequest => ({ kind: 'embed', input })
  const speak = (text: string): TtsRequest => ({ kind: 'speak', text, format: 'pcm16', stream: false })
  /** The number of the line that begins so. */
  const line = (begin: string): number =>
    source.split('\n').findIndex(line => line.trim().startsWith(begin)) + 1

  test('fails its request alone, with words and the place in the engine', async () => {
    for (const [request, words] of [
      [chat('exception'), /^bad_request: .*invalid literal for int/],
      [chat('reason'), `Failure: my_own_reason (engine.py, line ${line('raise Failure')})`],
      [chat('fault'), `'weird' is none of missing, .* (engine.py, line ${line('raise BadAudio')})`],
      [chat('finish'), `'eos' is none of stop, .* (engine.py, line ${line('job.finish')})`],
      [chat('tokens'), `TypeError: 'NoneType' .* (engine.py, line ${line('job.prompt')})`],
      [chat('tool'), `TypeError: .* (engine.py, line ${line('job.call_tool')})`],
      [chat('result'), `left in job.result what is no JSON: .* (engine.py, line ${line('def chat')})`],
      [chat('number'), `Wrong.chat gave 5, which is no text (engine.py, line ${line('def chat')})`],
      [
        { kind: 'complete', prompt: 'x' },
        `Wrong.complete gave None, which is no text (engine.py, line ${line('def complete')})`,
      ],
      [embed('nan'), `Wrong.embed gave [nan], which is no vector of numbers (engine.py`],
      [embed('few', 'x'), `Wrong.embed gave 0 results for 2 texts (engine.py`],
      [speak('int'), `Wrong.speak gave 5, which is no text or PCM16 (engine.py`],
      [speak('float'), `Wrong.speak gave .*, which is no text or PCM16 (engine.py`],
    ] as const) {
      const failure = await rig.failure(request)
      const pattern =
        typeof words === 'string' ? new RegExp(words.replaceAll(/[()[\]]|\.(?!\*)/g, '\\$&')) : words
      const { code, message } = failureError('mine', failure)
      match(`${code}: ${message}`, pattern)
    }
    equal((await rig.result(chat('x'))).body['text'], 'well')
  })

  test('what it printed last is told with a bug', async () => {
    const failure = await rig.failure(chat('print'))
    ok(failure.reason === 'internal')
    match(failure.detail, /^KeyError[^]*Traceback[^]*What it printed last:\n(.*\n)*half of it is done$/)
  })

  test('an answer that is too large for a frame says so', async () => {
    const failure = await rig.failure(chat('huge'))
    ok(failure.reason === 'bad_request', JSON.stringify(failure).slice(0, 2000))
    match(failure.detail, /its answer has \d+ bytes, over the limit of 16777216: ask for less at once/)
  })

  test('one thing that is returned alone is that thing: speech, a vector', async () => {
    const { body, out } = await rig.result(speak('one'))
    deepEqual((await rig.result(embed('one'))).body['embeddings'], [[0.6, 0.8]])
    equal(body['audioSeconds'], 0.5)
    const pcm = await readFile(join(out, 'speech.pcm'))
    deepEqual([pcm.length, pcm.readInt16LE(1000)], [16_000, 10_000])
  })

  test('it lives on when it can’t tell what it takes on the card', async () => {
    equal((await rig.result(chat('gpu'))).body['text'], 'well')
    const beats = rig.events.length
    while (!rig.events.slice(beats).some(event => event.type === 'memory')) await rig.nextEvent()
    const beat = rig.events.findLast(event => event.type === 'memory')
    deepEqual(beat?.gpu, { gpu: 5 })
  })

  test('a class in place of an engine is told as that', async () => {
    const { program, model } = await pythonEngine(dir.path, source.replace('run(Wrong())', 'run(Wrong)'))
    await using rig = await EngineRig.start({
      program: join('../'.repeat(root.split('/').length - 1), program),
      model,
    })
    const failure = rig.loadFailure
    ok(failure?.reason === 'bad_program', JSON.stringify(failure))
    match(
      failure.detail,
      /run takes an engine, such as run\(Mine\(\)\), and not <class .*\(engine\.py, line \d+\)/,
    )
  })

  test('one that hears what it can’t understand ends, and is not deaf', async () => {
    const child = spawn('python3', [join(root, 'services/python/courante_engine.py'), program], {
      stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    })
    const channel = child.stdio[3] as Socket
    channel.on('error', () => undefined)
    channel.resume()
    channel.write(
      encodeJsonFrame({ type: 'load', model: { ...model, settings: {} }, threads: 1, gpu: false }),
    )
    channel.write(encodeJsonFrame({ type: 'run' }))
    const said = text(child.stderr!)
    const [code] = (await once(child, 'exit')) as [number]
    equal(code, 1)
    match(await said, /KeyError: 'job'/)
  })
})
