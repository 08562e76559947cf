import { deepEqual, equal } from 'node:assert/strict'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { execa } from 'execa'
import type { LlmRequest } from '../../services/core/engine.ts'
import { generatedSchema } from '../../services/portal/llm-request.ts'
import { engineContract } from '../support/engine-contract.ts'
import { EngineRig } from '../support/engine-rig.ts'
import { root } from '../support/our-stack.ts'
import { havePython } from '../support/python-engine.ts'

const program = 'services/python/examples/shout_engine.py'
const model = { id: 'shout', engine: 'python', files: {}, settings: { program } }
const chat = (content: string): LlmRequest => ({
  kind: 'chat',
  messages: [{ role: 'user', content }],
  toolChoice: 'auto',
})

suite('ten lines of Python', { skip: havePython() }, () => {
  engineContract({
    program,
    model,
    good: [
      {
        request: chat('be quiet now'),
        check: (body, lines) => {
          const { text, finish, usage } = generatedSchema.parse({ model: 'shout', ...body })
          equal(text, 'BE QUIET NOW ')
          equal(finish, 'stop')
          deepEqual(usage, { promptTokens: 0, cachedTokens: 0, completionTokens: 3 })
          deepEqual(lines[1], { type: 'text', text: 'QUIET ' })
        },
      },
      { request: chat(''), check: body => equal(body['text'], '') },
    ],
    bad: [
      { request: { kind: 'complete', prompt: 'x' }, reason: 'unsupported' },
      { request: { kind: 'embed', input: ['x'] }, reason: 'unsupported' },
      { request: { kind: 'transcribe', file: 'x.wav' }, reason: 'unsupported' },
      { request: { ...chat('x'), format: { type: 'json' } } as LlmRequest, reason: 'unsupported' },
      {
        request: { ...chat('x'), tools: [{ name: 'look' }] } as LlmRequest,
        reason: 'unsupported',
      },
    ],
    unloadable: [],
    long: { request: chat('word '.repeat(300_000)) },
  })

  test('the parts of the module', async () => {
    const env = { PYTHONPATH: join(root, 'services/python'), PYTHONDONTWRITEBYTECODE: '1' }
    const tests = join(root, 'services/python/tests/test_engine.py')
    await execa('python3', ['-W', 'error', '-m', 'unittest', '-q', tests], { env })
  })

  test('ends a text at its limit and before what shall end it, and says so', async () => {
    await using rig = await EngineRig.start({ program, model })
    const of = async (more: object) => {
      const { body, lines } = await rig.result({ ...chat('one two three four'), ...more })
      return [body['text'], body['finish'], lines.length]
    }
    deepEqual(await of({ maxTokens: 2 }), ['ONE TWO ', 'length', 2])
    deepEqual(await of({ stop: ['O THR', 'nothing'] }), ['ONE TW', 'stop', 2])
    deepEqual(await of({ stop: ['FOUR x'] }), ['ONE TWO THREE FOUR ', 'stop', 4])
  })
})
