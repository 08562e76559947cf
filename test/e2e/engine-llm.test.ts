// Longer than others: what one engine has to do, told in a row on models that are made once.
import { deepEqual, equal, match, notEqual, ok } from 'node:assert/strict'
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import type {
  ChatMessage,
  ChatRequest,
  EngineModel,
  EngineRequest,
  Generated,
  Ranked,
  RerankRequest,
  TextLine,
} from '../../services/core/engine.ts'
import { engineContract } from '../support/engine-contract.ts'
import { EngineRig } from '../support/engine-rig.ts'
import { writeBert } from '../support/gguf-rerank.ts'
import { writeVision } from '../support/gguf-vision.ts'
import { tinyPlan, writeGguf } from '../support/gguf-writer.ts'
import { root } from '../support/our-stack.ts'
import { tempDir, type TempDir } from '../support/temp.ts'

const program = 'services/engines/llm/llama.ts'
const starterFile = join(root, 'models/starter/starter.gguf')
const modelOf = (file: string, settings: Record<string, unknown> = {}): EngineModel => ({
  id: 'a',
  engine: 'llama',
  files: { model: file },
  settings,
})
const starter = modelOf(starterFile)

const user = (content: string): ChatMessage => ({ role: 'user', content })
const chat = (content: string | ChatMessage[], more: Partial<ChatRequest> = {}): ChatRequest => ({
  kind: 'chat',
  messages: typeof content === 'string' ? [user(content)] : content,
  toolChoice: 'auto',
  temperature: 0,
  ...more,
})
const france = 'What is the capital of France?'
const endless: ChatRequest = chat('Tell me a story.', {
  temperature: 1,
  format: { type: 'grammar', grammar: 'root ::= ' + 'part '.repeat(20) + '\npart ::= [a-z ]{200}' },
})

const schema = {
  type: 'object',
  properties: {
    city: { enum: ['Paris', 'Rome'] },
    sure: { type: 'boolean' },
    year: { anyOf: [{ type: 'null' }, { const: 1999 }] },
  },
}
const weather = {
  name: 'weather',
  description: 'The weather in a city',
  parameters: { type: 'object', properties: { city: { type: 'string', enum: ['Paris', 'Rome'] } } },
}

let folder: TempDir
let text: string
let cut: string
let tiny: string
before(async () => {
  folder = await tempDir()
  text = join(folder.path, 'text.gguf')
  writeFileSync(text, 'Once upon a time there was a model that was only a text.'.repeat(100))
  cut = join(folder.path, 'cut.gguf')
  writeFileSync(cut, readFileSync(starterFile).subarray(0, 1_000_000))
  tiny = join(folder.path, 'tiny.gguf')
  writeGguf(tiny, tinyPlan)
})
after(() => folder[Symbol.asyncDispose]())

suite('the engine for GGUF models holds to the contract', () => {
  engineContract({
    program,
    model: starter,
    good: [
      {
        request: chat(france),
        check: (body, lines) => {
          const { text, finish } = body as unknown as Generated
          equal(text, 'The capital of France is Paris.')
          equal(finish, 'stop')
          equal(joined(lines), text)
        },
      },
      {
        request: { kind: 'embed', input: ['a text'] },
        check: body => equal((body['embeddings'] as number[][]).length, 1),
      },
    ],
    bad: [
      { request: chat('word '.repeat(3000)), reason: 'context_too_long' },
      { request: { kind: 'complete', prompt: 'word '.repeat(3000) }, reason: 'context_too_long' },
      { request: { kind: 'embed', input: ['word '.repeat(3000)] }, reason: 'context_too_long' },
      { request: chat([{ role: 'tool', toolCallId: 'x', content: '' }]), reason: 'bad_request' },
      { request: chat('Hi', { toolChoice: 'required' }), reason: 'bad_request' },
      { request: { kind: 'transcribe', file: 'a.wav' }, reason: 'unsupported' },
      { request: { kind: 'rerank', query: 'Why?', documents: ['a'] }, reason: 'unsupported' },
      {
        request: chat([{ role: 'user', content: 'What is it?', images: ['a.png'] }]),
        reason: 'unsupported',
      },
      ...badSchemas().map(schema => ({
        request: chat('Hi', { format: { type: 'schema', schema } }),
        reason: 'bad_schema' as const,
      })),
      ...badGrammars().map(grammar => ({
        request: chat('Hi', { format: { type: 'grammar', grammar } }),
        reason: 'bad_grammar' as const,
      })),
    ],
    unloadable: [
      { model: modelOf('/nowhere/model.gguf'), reason: 'missing_files' },
      { model: modelOf(starterFile, { sequences: 'many' }), reason: 'bad_settings' },
    ],
    long: { request: endless },
  })
})

suite('a model for rerank', { concurrency: false }, () => {
  let rig: EngineRig
  before(async () => {
    const file = join(folder.path, 'rerank.gguf')
    writeBert(file, 'rerank')
    rig = await EngineRig.start({ program, model: modelOf(file) })
  })
  after(() => rig[Symbol.asyncDispose]())
  const rank = async (documents: readonly string[], more: Partial<RerankRequest> = {}): Promise<Ranked> => {
    const request: RerankRequest = { kind: 'rerank', query: 'where?', documents: [...documents], ...more }
    return (await rig.result(request)).body as unknown as Ranked
  }
  /** Two contexts long; what it ends with stands in its last piece only. */
  const long = `${'word '.repeat(100)} ending`

  test('puts documents in order, best first, the same each time', async () => {
    const documents = ['a cat', '', 'the sea', 'a cat', long]
    const { ranking, usage } = await rank(documents)
    deepEqual(new Set(ranking.map(({ index }) => index)), new Set([0, 1, 2, 3, 4]))
    ok(ranking.every(({ score }) => score > 0 && score < 1))
    deepEqual(
      ranking,
      ranking.toSorted((one, other) => other.score - one.score),
    )
    const scoreOf = (at: number) => ranking.find(({ index }) => index === at)?.score
    equal(scoreOf(0), scoreOf(3))
    notEqual(scoreOf(0), scoreOf(2))
    ok(usage.promptTokens > 256, `${usage.promptTokens}`)
    deepEqual(await rank(documents), { ranking, usage })
    deepEqual((await rank(documents, { top: 2 })).ranking, ranking.slice(0, 2))
    equal((await rank(documents, { top: 99 })).ranking.length, 5)
    equal((await rank([''], { query: ' ' })).ranking.length, 1)
  })

  test('a long document counts as much as the best of its pieces', async () => {
    const { ranking } = await rank([long, 'word '.repeat(100)])
    notEqual(ranking[0]?.score, ranking[1]?.score)
    equal((await rank(['x'.repeat(20_000)])).ranking.length, 1)
  })

  test('ranks a thousand documents, and others between them', async () => {
    const many = rank(Array.from({ length: 1000 }, (_, at) => `number ${at}`))
    equal((await rank(['a', 'b'])).ranking.length, 2)
    const { ranking } = await many
    equal(new Set(ranking.map(({ index }) => index)).size, 1000)
  })

  test('stops in the middle when it is cancelled, and refuses what it can not do', async () => {
    const documents = Array.from({ length: 1000 }, () => 'word '.repeat(1000))
    const job = await rig.start({ kind: 'rerank', query: 'where?', documents })
    job.cancel()
    const end = await job.end
    ok(end.type === 'failed' && end.failure.reason === 'cancelled', JSON.stringify(end).slice(0, 500))
    equal(
      (await rig.failure({ kind: 'rerank', query: 'where? '.repeat(100), documents: ['a'] })).reason,
      'context_too_long',
    )
    const others: EngineRequest[] = [chat('Hi'), { kind: 'embed', input: ['a'] }]
    for (const request of others) equal((await rig.failure(request)).reason, 'unsupported')
  })
})

suite('a model for embedding', { concurrency: false }, () => {
  test('makes a vector of length 1 of each text, and no order and no words', async () => {
    const file = join(folder.path, 'embed.gguf')
    writeBert(file, 'embedding')
    await using rig = await EngineRig.start({ program, model: modelOf(file) })
    const { body } = await rig.result({
      kind: 'embed',
      input: ['a', 'a', '', '\u0000\ufffd noise \u{1f30a}'],
    })
    const vectors = body['embeddings'] as number[][]
    deepEqual(vectors[0], vectors[1])
    deepEqual(
      vectors.map(vector => [vector.length, Math.round(Math.hypot(...vector) * 1e5) / 1e5]),
      // Nothing is like an empty text.
      [
        [64, 1],
        [64, 1],
        [64, 0],
        [64, 1],
      ],
    )
    const others: EngineRequest[] = [
      chat('Hi'),
      { kind: 'complete', prompt: 'Hi' },
      { kind: 'rerank', query: 'where?', documents: ['a'] },
    ]
    for (const request of others) equal((await rig.failure(request)).reason, 'unsupported')
    equal((await rig.failure({ kind: 'embed', input: ['word '.repeat(300)] })).reason, 'context_too_long')
  })
})

suite('a model that can not be loaded', () => {
  for (const [name, file] of [
    ['a text', () => text],
    ['a part of a file', () => cut],
    ['a file whose weights are missing a tensor', () => withoutTensor()],
    ['the part of another model that sees', () => eyes()],
  ] as const)
    test(`${name} is bad_model`, async () => {
      await using rig = await EngineRig.start({ program, model: modelOf(file()) })
      equal(rig.loadFailure?.reason, 'bad_model', JSON.stringify(rig.events))
    })

  test('one that needs more memory than there is, is out_of_memory', async () => {
    const wide = join(folder.path, 'wide.gguf')
    writeGguf(wide, { ...tinyPlan, context: 2 ** 31 })
    await using rig = await EngineRig.start({
      program,
      model: modelOf(wide, { contextSize: 2 ** 31, sequences: 64 }),
    })
    equal(rig.loadFailure?.reason, 'out_of_memory', JSON.stringify(rig.events))
  })

  function eyes(): string {
    const path = join(folder.path, 'eyes.gguf')
    writeVision(path, 64)
    return path
  }

  function withoutTensor(): string {
    const path = join(folder.path, 'renamed.gguf')
    const bytes = readFileSync(starterFile)
    bytes.write('OUTPUT_NORM', bytes.indexOf('output_norm'))
    writeFileSync(path, bytes)
    return path
  }
})

suite('the starter model', { concurrency: false }, () => {
  let rig: EngineRig
  before(async () => {
    rig = await EngineRig.start({ program, model: starter })
  })
  after(() => rig[Symbol.asyncDispose]())
  const ask = async (request: Parameters<EngineRig['result']>[0]) => {
    const { body, lines } = await rig.result(request)
    return { ...(body as unknown as Generated), lines: lines as readonly TextLine[] }
  }

  test('says what it is', () => {
    const { facts, parallel } = rig.loaded
    equal(parallel, 4)
    deepEqual(
      [facts['template'], facts['context'], facts['quantisation'], facts['gpu']],
      ['ChatML', 1024, 'Q8_0', 'none'],
    )
  })

  test('streams its answer in pieces that make up the text', async () => {
    const { text, lines, usage, timings } = await ask(chat(france))
    equal(joined(lines), text)
    ok(lines.length >= 5, `${lines.length} pieces`)
    equal(usage.completionTokens, lines.length + 1)
    ok((timings.firstToken ?? 0) > 0 && timings.total > (timings.firstToken ?? 0))
  })

  test('evaluates a second turn only where it is new', async () => {
    const first = await ask(chat('Hello! My name is Anna.'))
    const second = await ask(
      chat([
        user('Hello! My name is Anna.'),
        { role: 'assistant', content: first.text },
        user('What is my name?'),
      ]),
    )
    match(second.text, /Anna/)
    ok(second.usage.cachedTokens >= first.usage.promptTokens, JSON.stringify(second.usage))
    ok(second.usage.cachedTokens < second.usage.promptTokens)
  })

  test('keeps the conversations of several people apart', async () => {
    const people = ['Anna', 'Peter', 'Maria']
    const firsts = await Promise.all(people.map(name => ask(chat(`Hello! My name is ${name}.`))))
    for (const [at, name] of people.entries()) {
      const { text, usage } = await ask(
        chat([
          user(`Hello! My name is ${name}.`),
          { role: 'assistant', content: firsts[at]?.text ?? '' },
          user('What is my name?'),
        ]),
      )
      match(text, new RegExp(name))
      ok(usage.cachedTokens >= (firsts[at]?.usage.promptTokens ?? 0), `${name}: ${JSON.stringify(usage)}`)
    }
  })

  test('answers the same with the same seed, and not with another', async () => {
    const story = (seed: number) => ask(chat('Tell me a story.', { temperature: 1.2, seed, maxTokens: 40 }))
    const [one, again, other] = [await story(7), await story(7), await story(8)]
    equal(one.text, again.text)
    notEqual(one.text, other.text)
    const [free, freeAgain] = await Promise.all(
      [1, 2].map(() =>
        ask(chat('Tell me a story.', { temperature: 1.5, topK: 0, topP: 1, minP: 0, maxTokens: 40 })),
      ),
    )
    notEqual(free?.text, freeAgain?.text)
  })

  test('ends at maxTokens', async () => {
    const { finish, usage, text } = await ask(chat(france, { maxTokens: 3 }))
    deepEqual([finish, usage.completionTokens, text], ['length', 3, 'The capital of'])
  })

  test('says nothing of a stop text, also where it lies across tokens', async () => {
    const whole = (await ask(chat(france))).text
    for (const stop of ['France', ' Fra', 'of France is', 'capital', 'The', 'is.']) {
      const { text, lines, finish } = await ask(chat(france, { stop: ['never said', stop] }))
      const end = whole.indexOf(stop)
      equal(text, end < 0 ? whole : whole.slice(0, end), stop)
      equal(joined(lines), text)
      equal(finish, 'stop')
    }
  })

  test('writes JSON of a schema', async () => {
    const { text, lines } = await ask(chat(france, { format: { type: 'schema', schema } }))
    const value = JSON.parse(text) as Record<string, unknown>
    deepEqual(Object.keys(value).toSorted(), ['city', 'sure', 'year'])
    ok(['Paris', 'Rome'].includes(String(value['city'])))
    equal(joined(lines), text)
  })

  test('writes the words of a grammar, and any JSON', async () => {
    const grammar = 'root ::= "yes" | "no"'
    match((await ask(chat(france, { format: { type: 'grammar', grammar } }))).text, /^(yes|no)$/)
    match((await ask(chat(france, { format: { type: 'json' }, maxTokens: 5 }))).text, /^\{/)
  })

  test('calls a tool when it has to', async () => {
    const { toolCalls, finish, text } = await ask(
      chat('How is the weather in Paris?', { tools: [weather], toolChoice: 'required' }),
    )
    equal(finish, 'tool_calls')
    equal(text, '')
    equal(toolCalls?.[0]?.name, 'weather')
    ok(['Paris', 'Rome'].includes(String(toolCalls?.[0]?.arguments['city'])))
  })

  test('takes a history with calls of tools and their results', async () => {
    const messages: ChatMessage[] = [
      user('How is the weather in Paris and Rome?'),
      {
        role: 'assistant',
        content: 'I look.',
        toolCalls: [
          { id: 'one', name: 'weather', arguments: { city: 'Paris' } },
          { id: 'two', name: 'weather', arguments: { city: 'Rome' } },
        ],
      },
      { role: 'tool', toolCallId: 'two', content: '{"sky":"blue"}' },
      { role: 'tool', toolCallId: 'one', content: 'grey' },
    ]
    for (const toolChoice of ['auto', 'none'] as const) {
      const { finish } = await ask(chat(messages, { tools: [weather], toolChoice, maxTokens: 10 }))
      ok(finish === 'length' || finish === 'stop', finish)
    }
  })

  test('completes a text', async () => {
    const { text, lines, usage, finish } = await ask({
      kind: 'complete',
      prompt: 'The capital of',
      temperature: 0,
      maxTokens: 8,
    })
    equal(joined(lines), text)
    ok(text !== '' && usage.promptTokens > 1 && ['stop', 'length'].includes(finish))
  })

  test('makes vectors of length 1', async () => {
    const { body } = await rig.result({ kind: 'embed', input: ['Good morning!', 'Good morning!', 'Rome'] })
    const [one = [], again = [], other = []] = body['embeddings'] as number[][]
    for (const vector of [one, other]) ok(Math.abs(Math.hypot(...vector) - 1) < 1e-6)
    deepEqual(one, again)
    const likeness = one.reduce((sum, value, at) => sum + value * (other[at] ?? 0), 0)
    ok(likeness < 0.999)
  })

  test('works on as many requests at once as it says, and each gets its own answer', async () => {
    const cities = [
      ['France', 'Paris'],
      ['Italy', 'Rome'],
      ['Spain', 'Madrid'],
      ['Germany', 'Berlin'],
    ]
    const answers = await Promise.all(cities.map(([land]) => ask(chat(`What is the capital of ${land}?`))))
    for (const [at, [, city]] of cities.entries()) match(answers[at]?.text ?? '', new RegExp(String(city)))
  })
})

suite('a request that is cancelled', () => {
  test('ends while its prompt is read, and others go on', async () => {
    const middle = join(folder.path, 'middle.gguf')
    writeGguf(middle, { ...tinyPlan, layers: 8, width: 512, feedForward: 2048, heads: 8, context: 8192 })
    await using rig = await EngineRig.start({
      program,
      model: modelOf(middle, { contextSize: 8192, sequences: 2 }),
    })
    // Bytes, and one token each.
    const long = await rig.start({ kind: 'complete', prompt: '?'.repeat(8000), maxTokens: 1 })
    const short = await rig.start({ kind: 'complete', prompt: 'Hello', maxTokens: 2 })
    equal((await short.end).type, 'done')
    long.cancel()
    const end = await long.end
    ok(end.type === 'failed' && end.failure.reason === 'cancelled', JSON.stringify(end))
    await rig.result({ kind: 'complete', prompt: '?'.repeat(20), maxTokens: 1 })
  })

  test('whose grammar keeps llama.cpp busy for ever is answered, and then its process ends', async () => {
    await using rig = await EngineRig.start({ program, model: starter })
    const grammar = `root ::= ${'[a-z]* '.repeat(2000)}"!"`
    const job = await rig.start(chat('Say a.', { temperature: 1, format: { type: 'grammar', grammar } }))
    await rig.nextEvent()
    job.cancel()
    const end = await job.end
    ok(end.type === 'failed' && end.failure.reason === 'cancelled', JSON.stringify(end))
    await rig.exited
    const last = rig.events.at(-1)
    ok(last?.type === 'exited' && !last.asked, JSON.stringify(last))
    match(last.detail, /after a cancellation/)
  })
})

suite('a model without a template', () => {
  test('chats by a plain one, and its stream is valid UTF-8 whatever bytes it makes', async () => {
    await using rig = await EngineRig.start({ program, model: modelOf(tiny, { sequences: 8 }) })
    const jobs = Array.from({ length: 8 }, (_, seed) =>
      rig.result(chat('Hé, 👋🏽!', { temperature: 2, topK: 0, topP: 1, minP: 0, seed, maxTokens: 120 })),
    )
    for (const { body, lines } of await Promise.all(jobs)) {
      const { text } = body as unknown as Generated
      equal(joined(lines), text)
      ok(text.isWellFormed())
    }
  })
})

suite('a small context', () => {
  test('is filled, and no more', async () => {
    await using rig = await EngineRig.start({
      program,
      model: modelOf(tiny, { contextSize: 256, sequences: 2 }),
    })
    const grammar = 'root ::= ' + 'part '.repeat(4) + '\npart ::= [ab]{100}'
    const requests = [
      chat('Go!', { format: { type: 'grammar', grammar } }),
      { kind: 'complete' as const, prompt: 'Go!', format: { type: 'grammar' as const, grammar } },
    ]
    for (const request of requests) {
      const { body } = await rig.result(request)
      const { finish, usage } = body as unknown as Generated
      equal(finish, 'length')
      equal(usage.promptTokens + usage.completionTokens, 256)
    }
  })
})

suite('a model under another name', () => {
  test('shows the same template', async () => {
    const copy = join(folder.path, 'qwen-like.gguf')
    copyFileSync(starterFile, copy)
    await using rig = await EngineRig.start({
      program,
      model: modelOf(copy, { contextSize: 300, sequences: 1 }),
    })
    equal(rig.loaded.parallel, 1)
    equal(rig.loaded.facts['context'], 512)
    const { body } = await rig.result(chat(france))
    equal(body['text'], 'The capital of France is Paris.')
  })
})

suite('the echo engine holds to the contract', () => {
  const echo = (settings: Record<string, unknown>): EngineModel => ({
    id: 'e',
    engine: 'echo',
    files: {},
    settings,
  })
  engineContract({
    program: 'services/engines/llm/echo.ts',
    model: echo({ failOn: 'fail', delayMs: 1 }),
    good: [
      {
        request: chat('Say it  again!'),
        check: (body, lines) => {
          equal(body['text'], 'Say it  again!')
          equal(joined(lines), 'Say it  again!')
        },
      },
    ],
    bad: [{ request: chat('please fail'), reason: 'bad_request' }],
    unloadable: [
      { model: echo({ failLoad: 'no' }), reason: 'bad_model' },
      { model: echo({ parallel: 0 }), reason: 'bad_settings' },
    ],
    long: { request: chat('word '.repeat(5000)) },
  })

  test('crashes when it is told to', async () => {
    await using rig = await EngineRig.start({
      program: 'services/engines/llm/echo.ts',
      model: echo({ crashOn: 'boom' }),
    })
    const job = await rig.start(chat('boom'))
    equal((await job.end).type, 'crashed')
    await rig.exited
  })
})

function joined(lines: readonly unknown[]): string {
  return (lines as readonly TextLine[]).map(line => (line.type === 'text' ? line.text : '')).join('')
}

function badSchemas(): Record<string, unknown>[] {
  let deep: Record<string, unknown> = { type: 'string' }
  for (let at = 0; at < 100; at++) deep = { type: 'array', items: deep }
  const wide = Object.fromEntries(Array.from({ length: 20_000 }, (_, at) => [`p${at}`, { type: 'string' }]))
  return [
    { type: 'bogus' },
    { type: 'object', properties: 7 },
    { type: 'string', pattern: '^a+$' },
    { type: 'string', maxLength: 1e9 },
    { $ref: '#/$defs/missing' },
    { enum: [] },
    deep,
    { type: 'object', properties: wide },
  ]
}

function badGrammars(): string[] {
  const deep = '('.repeat(100_000)
  return [
    'this is no grammar',
    'a ::= "x"',
    'root ::= missing',
    'root ::= root "a" | "b"',
    '',
    'root ::= (("a"{1,1000}){1,1000}){1,1000}',
    `root ::= ${deep}"a"${deep.replaceAll('(', ')')}`,
    Array.from({ length: 50_000 }, (_, at) => `r${at} ::= r${at + 1}`).join('\n'),
  ]
}
