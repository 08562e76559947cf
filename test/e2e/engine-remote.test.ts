// Longer than others: what one engine has to do, told in a row on one server.
import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { after, before, beforeEach, suite, test } from 'node:test'
import type {
  ChatRequest,
  EngineFailure,
  EngineModel,
  EngineRequest,
  Generated,
  Ranked,
  TextLine,
} from '../../services/core/engine.ts'
import { engineContract } from '../support/engine-contract.ts'
import { EngineRig } from '../support/engine-rig.ts'
import { delta, end, FakeOpenAi, refuse, stream, usage } from '../support/fake-openai.ts'
import { png } from '../support/png.ts'
import { tempDir } from '../support/temp.ts'

const program = 'services/engines/llm/remote.ts'
const key = 'sk-very+secret/0123456789'
const env = { A_KEY: key, http_proxy: undefined, HTTP_PROXY: undefined, no_proxy: undefined }

const chat = (content: string, more: Partial<ChatRequest> = {}): ChatRequest => ({
  kind: 'chat',
  messages: [{ role: 'user', content }],
  toolChoice: 'auto',
  ...more,
})
const modelAt = (url: string, settings: Record<string, unknown> = {}): EngineModel => ({
  id: 'far',
  engine: 'remote',
  files: {},
  settings: { url, model: 'big:70b', keyEnv: 'A_KEY', ...settings },
})

const rerank: EngineRequest = { kind: 'rerank', query: 'Why?', documents: ['a', '', 'c'] }
const dir = await tempDir()
after(() => dir[Symbol.asyncDispose]())
const picture = join(dir.path, 'red.png')
writeFileSync(picture, png(3, 2, [255, 0, 0]))

let fake: FakeOpenAi
let rig: EngineRig
before(async () => {
  fake = await FakeOpenAi.start()
  rig = await EngineRig.start({ program, model: modelAt(fake.url), env })
})
after(async () => {
  await rig[Symbol.asyncDispose]()
  await fake[Symbol.asyncDispose]()
})
const usual = new FakeOpenAi().answer
beforeEach(() => {
  fake.answer = usual
  fake.asked.length = 0
})

const ask = async (request: EngineRequest) => {
  const { body, lines } = await rig.result(request)
  return { ...(body as unknown as Generated), lines: lines as readonly TextLine[] }
}
const failure = async (request: EngineRequest = chat('Hi')) => {
  const failed = await rig.failure(request)
  ok(failed.reason === 'remote', JSON.stringify(failed))
  ok(!JSON.stringify(failed).includes('secret'), JSON.stringify(failed))
  return failed
}

suite('the engine for endpoints elsewhere', { concurrency: false }, () => {
  test('streams an answer', async () => {
    const { text, lines, finish, usage } = await ask(chat('one two three'))
    equal(text, 'one two three')
    deepEqual(
      lines.map(line => line.text),
      ['one', ' two', ' three'],
    )
    equal(finish, 'stop')
    deepEqual(usage, { promptTokens: 9, cachedTokens: 4, completionTokens: 3 })
    equal(fake.asked[0]?.path, '/v1/chat/completions')
    equal(fake.asked[0]?.headers.authorization, `Bearer ${key}`)
    equal(fake.asked[0]?.body['model'], 'big:70b')
  })

  test('passes on what a request says, and nothing that it does not', async () => {
    await ask(chat('Hi', { maxTokens: 5, temperature: 0.5, topP: 0.9, topK: 3, seed: 7, stop: ['x'] }))
    const { messages, model, stream, stream_options, ...rest } = fake.asked[0]?.body ?? {}
    deepEqual([messages, model, stream, stream_options].length, 4)
    deepEqual(rest, { max_tokens: 5, temperature: 0.5, top_p: 0.9, top_k: 3, seed: 7, stop: ['x'] })
  })

  test('asks for JSON of a schema', async () => {
    const schema = { type: 'object' }
    await ask(chat('Hi', { format: { type: 'schema', schema } }))
    await ask(chat('Hi', { format: { type: 'json' } }))
    const formats = fake.asked.map(({ body }) => body['response_format'])
    deepEqual(formats, [
      { type: 'json_schema', json_schema: { name: 'answer', schema, strict: true } },
      { type: 'json_object' },
    ])
  })

  test('puts tool calls together, and passes on their history', async () => {
    fake.answer = response =>
      stream(response, [
        delta({ tool_calls: [{ index: 0, id: 'a', function: { name: 'weather', arguments: '{"ci' } }] }),
        delta({ tool_calls: [{ index: 0, function: { arguments: 'ty":"Rome"}' } }] }),
        delta({ tool_calls: [{ index: 1, id: 'b', function: { name: 'time', arguments: '' } }] }),
        // As Ollama does: whole, and always number 0.
        delta({ tool_calls: [{ index: 0, id: 'c', function: { name: 'time', arguments: '{}' } }] }),
        delta({}, 'tool_calls'),
        end,
      ])
    const request = chat('Hi', { tools: [{ name: 'weather' }, { name: 'time' }] })
    const { toolCalls, finish } = await ask({
      ...request,
      messages: [
        ...request.messages,
        { role: 'assistant', content: '', toolCalls: [{ id: 'z', name: 'time', arguments: { a: 1 } }] },
        { role: 'tool', toolCallId: 'z', content: 'noon' },
      ],
    })
    equal(finish, 'tool_calls')
    deepEqual(toolCalls, [
      { id: 'a', name: 'weather', arguments: { city: 'Rome' } },
      { id: 'b', name: 'time', arguments: {} },
      { id: 'c', name: 'time', arguments: {} },
    ])
    const [, said, told] = (fake.asked[0]?.body['messages'] ?? []) as Record<string, unknown>[]
    const calls = [{ id: 'z', type: 'function', function: { name: 'time', arguments: '{"a":1}' } }]
    deepEqual(said, { role: 'assistant', content: null, tool_calls: calls })
    deepEqual(told, { role: 'tool', tool_call_id: 'z', content: 'noon' })
  })

  test('tells thoughts apart', async () => {
    fake.answer = response =>
      stream(response, [
        delta({ reasoning_content: 'hm' }),
        delta({ content: 'Yes' }),
        delta({}, 'stop'),
        end,
      ])
    const { text, thought, lines } = await ask(chat('Hi'))
    deepEqual([text, thought], ['Yes', 'hm'])
    deepEqual(
      lines.map(line => line.type),
      ['thought', 'text'],
    )
  })

  test('completes a text, and makes vectors of length 1 in the order of the texts', async () => {
    equal((await ask({ kind: 'complete', prompt: 'Once' })).text, 'Once')
    fake.answer = response =>
      refuse(response, 200, {
        data: [
          { index: 1, embedding: [0, 2] },
          { index: 0, embedding: [3, 4] },
        ],
        usage: { prompt_tokens: 2 },
      })
    const { body } = await rig.result({ kind: 'embed', input: ['a', 'b'] })
    deepEqual(body, {
      embeddings: [
        [0.6, 0.8],
        [0, 1],
      ],
      usage: { promptTokens: 2 },
    })
  })

  test('asks again without the usage where a server does not know that', async () => {
    fake.answer = (response, asked) =>
      asked.body['stream_options'] === undefined
        ? usual(response, asked)
        : refuse(response, 400, { error: { message: 'unknown field stream_options' } })
    equal((await ask(chat('Hi'))).text, 'Hi')
    equal(fake.asked.length, 2)
  })

  test('reads a stream whatever pieces it comes in', async () => {
    const bytes = Buffer.from(
      `: a comment\r\n\r\nevent: x\r\ndata: ${JSON.stringify(delta({ content: 'héllo 👋' }))}\r\n\r\n` +
        `data:${JSON.stringify(delta({}, 'length'))}\n\n`,
    )
    fake.answer = async response => {
      response.writeHead(200)
      for (const byte of bytes) {
        if (!response.write(Buffer.from([byte]))) await once(response, 'drain')
        await new Promise(resolve => setImmediate(resolve))
      }
      response.end()
    }
    const { text, finish } = await ask(chat('Hi'))
    deepEqual([text, finish], ['héllo 👋', 'length'])
  })
})

suite('what goes wrong elsewhere', { concurrency: false }, () => {
  const statuses: readonly (readonly [number, Extract<EngineFailure, { reason: 'remote' }>['fault']])[] = [
    [401, 'unauthorized'],
    [403, 'unauthorized'],
    [404, 'refused'],
    [429, 'refused'],
    [500, 'refused'],
    [504, 'timeout'],
  ]
  for (const [status, fault] of statuses)
    test(`${status} is ${fault}`, async () => {
      fake.answer = response =>
        refuse(response, status, { error: { message: 'no, not today' } }, { 'retry-after': '7' })
      const failed = await failure()
      deepEqual([failed.fault, failed.status, failed.detail], [fault, status, 'no, not today'])
      deepEqual([failed.host, failed.retryAfter], [new URL(fake.url).host, 7])
    })

  test('a server that says the key back leaks nothing', async () => {
    const forms = [key, encodeURIComponent(key), Buffer.from(key).toString('base64')]
    for (const form of forms)
      for (const padding of ['', 'x'.repeat(480), 'x'.repeat(490)]) {
        fake.answer = response => refuse(response, 401, `${padding}bad key ${form}`)
        ok(!(await failure()).detail.includes(form.slice(0, 8)))
        fake.answer = response => stream(response, [`${padding}${form}`])
        ok(!(await failure()).detail.includes(form.slice(0, 8)))
      }
  })

  test('pictures go as the API has them, before the words, and only where models.yaml says so', async () => {
    const request: ChatRequest = {
      ...chat(''),
      messages: [
        { role: 'user', content: 'What is it?', images: ['red.png'] },
        { role: 'assistant', content: 'Red.' },
        { role: 'user', content: '', images: ['red.png'] },
        { role: 'user', content: 'Sure?', images: [] },
      ],
    }
    const refused = await rig.failure(request, [picture])
    ok(refused.reason === 'unsupported' && refused.what === 'look at pictures', JSON.stringify(refused))
    equal(fake.asked.length, 0)
    await using seer = await EngineRig.start({ program, model: modelAt(fake.url, { vision: true }), env })
    fake.answer = response => stream(response, [delta({ content: 'Yes' }, 'stop'), usage, end])
    await seer.result(request, [picture])
    const url = `data:image/png;base64,${png(3, 2, [255, 0, 0]).toString('base64')}`
    const part = { type: 'image_url', image_url: { url } }
    deepEqual(fake.asked[0]?.body['messages'], [
      { role: 'user', content: [part, { type: 'text', text: 'What is it?' }] },
      { role: 'assistant', content: 'Red.' },
      { role: 'user', content: [part] },
      { role: 'user', content: 'Sure?' },
    ])
    const missing = await seer.failure(request)
    ok(missing.reason === 'bad_image' && missing.file === 'red.png', JSON.stringify(missing))
  })

  test('documents are put in order, best first, however the server scores them', async () => {
    const scored = (results: readonly (readonly [number, number])[], more = {}) => {
      fake.answer = response =>
        refuse(response, 200, {
          results: results.map(([index, relevance_score]) => ({ index, relevance_score })),
          ...more,
        })
    }
    scored([
      [0, 0.1],
      [2, 0.9],
      [1, 0.1],
    ])
    const { body } = await rig.result(rerank)
    deepEqual(fake.asked[0]?.body, { model: 'big:70b', query: 'Why?', documents: ['a', '', 'c'], top_n: 3 })
    equal(fake.asked[0]?.path, '/v1/rerank')
    const ranking = [
      { index: 2, score: 0.9 },
      { index: 0, score: 0.1 },
      { index: 1, score: 0.1 },
    ]
    deepEqual(body, { ranking, usage: { promptTokens: 0 } })
    // As llama-server does: what the model says, in no range.
    const usage = { prompt_tokens: 7, total_tokens: 7 }
    scored(
      [
        [0, -8],
        [1, 0],
        [2, 3],
      ],
      { usage },
    )
    const raw = (await rig.result({ ...rerank, top: 2 })).body as unknown as Ranked
    deepEqual(
      raw.ranking.map(({ index }) => index),
      [2, 1],
    )
    ok(raw.ranking.every(({ score }) => score >= 0.5 && score < 1))
    equal(raw.usage.promptTokens, 7)
    equal(fake.asked[1]?.body['top_n'], 2)
    for (const wrong of [
      [],
      [[0, 1]],
      [
        [0, 1],
        [0, 1],
        [1, 1],
      ],
      [
        [0, 1],
        [1, 1],
        [3, 1],
      ],
    ] as const) {
      scored(wrong)
      equal((await failure(rerank)).fault, 'bad_answer')
    }
    fake.answer = response => refuse(response, 200, '<html>Please log in</html>')
    equal((await failure(rerank)).fault, 'bad_answer')
  })

  test('no route says the key back', async () => {
    const routes: EngineRequest[] = [
      chat('Hi'),
      { kind: 'complete', prompt: 'Hi' },
      { kind: 'embed', input: ['Hi'] },
      rerank,
    ]
    for (const request of routes) {
      fake.answer = response => refuse(response, 401, { error: { message: `no ${key} here` } })
      match((await failure(request)).detail, /<key>/)
      fake.answer = response => refuse(response, 200, `{"results": "${key}", "choices": "${key}"`)
      await failure(request)
    }
    ok(!JSON.stringify(rig.events).includes('secret'))
  })

  test('a redirect is not followed', async () => {
    await using other = await FakeOpenAi.start()
    fake.answer = response => refuse(response, 307, '', { location: `${other.url}/chat/completions` })
    equal((await failure()).fault, 'bad_answer')
    equal(other.asked.length, 0)
  })

  test('a stream that is cut, and one that is none', async () => {
    fake.answer = response => stream(response, [delta({ content: 'half' })])
    equal((await failure()).fault, 'bad_answer')
    fake.answer = response => {
      response.writeHead(200, { 'content-length': '1000' })
      response.write(`data: ${JSON.stringify(delta({ content: 'half' }))}\n\n`, () => response.destroy())
    }
    equal((await failure()).fault, 'bad_answer')
    fake.answer = response => stream(response, ['{"choices": 7}'])
    equal((await failure()).fault, 'bad_answer')
    fake.answer = response => refuse(response, 200, '<html>Please log in</html>')
    equal((await failure()).fault, 'bad_answer')
    fake.answer = response => stream(response, [{ error: { message: 'out of memory' } }])
    deepEqual(await failure().then(({ fault, detail }) => [fault, detail]), ['refused', 'out of memory'])
    fake.answer = response => refuse(response, 200, '[]')
    equal((await failure({ kind: 'embed', input: ['a'] })).fault, 'bad_answer')
  })

  test('an event without an end does not fill the memory', async () => {
    fake.answer = async response => {
      response.writeHead(200)
      response.on('error', () => undefined)
      response.write('data: "')
      for (let at = 0; at < 64 && !response.destroyed; at++)
        await new Promise<void>(resolve => response.write('x'.repeat(1024 * 1024), () => resolve()))
      response.end()
    }
    match((await failure()).detail, /more than/)
  })

  test('a server that never answers, or falls silent, is a timeout', async () => {
    // Its own: a loaded machine may take as long for an answer that another test waits for.
    await using hasty = await EngineRig.start({ program, model: modelAt(fake.url, { silenceMs: 100 }), env })
    const fault = async (): Promise<string> => {
      const failed = await hasty.failure(chat('Hi'))
      return failed.reason === 'remote' ? failed.fault : failed.reason
    }
    fake.answer = () => undefined
    equal(await fault(), 'timeout')
    fake.answer = response => {
      response.writeHead(200)
      response.write(`data: ${JSON.stringify(delta({ content: 'half' }))}\n\n`)
    }
    equal(await fault(), 'timeout')
  })

  test('nobody there is unreachable', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    server.close()
    await once(server, 'close')
    await using gone = await EngineRig.start({
      program,
      model: modelAt(`http://127.0.0.1:${port}/v1`),
      env,
    })
    const failed = await gone.failure(chat('Hi'))
    ok(failed.reason === 'remote' && failed.fault === 'unreachable', JSON.stringify(failed))
  })

  test('a key that is not set is said, and nothing is sent', async () => {
    await using keyless = await EngineRig.start({
      program,
      model: modelAt(fake.url, { keyEnv: 'NO_KEY' }),
      env,
    })
    const failed = await keyless.failure(chat('Hi'))
    ok(failed.reason === 'remote' && failed.fault === 'no_key', JSON.stringify(failed))
    match(failed.detail, /NO_KEY/)
    equal(fake.asked.length, 0)
  })

  test('a proxy of the environment is used', async () => {
    await using proxied = await EngineRig.start({
      program,
      model: modelAt('http://model.invalid/v1'),
      env: { ...env, http_proxy: fake.url.replace('/v1', '') },
    })
    const { body } = await proxied.result(chat('Hi'))
    equal(body['text'], 'Hi')
    equal(fake.asked[0]?.path, 'http://model.invalid/v1/chat/completions')
  })
})

suite('the engine for endpoints elsewhere holds to the contract', () => {
  let slow: FakeOpenAi
  before(async () => {
    slow = await FakeOpenAi.start()
    slow.answer = (response, asked) => {
      const messages = asked.body['messages'] as { content: string }[]
      if (messages[0]?.content !== 'endless')
        return stream(response, [delta({ content: 'Yes' }, 'stop'), usage, end])
      response.writeHead(200)
      response.write(`data: ${JSON.stringify(delta({ content: 'and' }))}\n\n`)
    }
    model.settings['url'] = slow.url
  })
  after(() => slow[Symbol.asyncDispose]())
  const model = modelAt('http://127.0.0.1:1/v1')

  engineContract({
    program,
    model,
    against: 'a stub of an OpenAI-compatible server',
    env,
    good: [
      {
        request: chat('Hi'),
        check: (body, lines) => {
          equal(body['text'], 'Yes')
          equal(lines.length, 1)
        },
      },
    ],
    bad: [
      { request: { kind: 'transcribe', file: 'a.wav' }, reason: 'unsupported' },
      {
        request: { ...chat(''), messages: [{ role: 'user', content: 'Hi', images: ['a.png'] }] },
        reason: 'unsupported',
      },
    ],
    unloadable: [
      { model: modelAt('ftp://host/v1'), reason: 'bad_settings' },
      { model: modelAt('http://host/v1', { vision: 'yes' }), reason: 'bad_settings' },
      { model: modelAt('http://user:password@host/v1'), reason: 'bad_settings' },
    ],
    long: { request: chat('endless') },
  })
})
