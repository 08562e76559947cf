// Longer than others: one API, its routes told in a row.
import assert from 'node:assert/strict'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { request } from 'undici'
import { encodeWav } from '../../lib/wav.ts'
import { type Answering, answeringCore, generated } from '../support/answering-core.ts'
import { type ApiRig, apiRig } from '../support/api-rig.ts'

const chatPath = '/v1/chat/completions'
const hello = { messages: [{ role: 'user', content: 'Hello' }] }
/** 1 x 1. */
const png = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='

async function serving(service: string, answer: Answering) {
  await using opened = new AsyncDisposableStack()
  const core = opened.use(await answeringCore(service, answer))
  const rig = opened.use(await apiRig({ home: core.path }))
  const all = opened.move()
  return { rig, [Symbol.asyncDispose]: () => all.disposeAsync() }
}

test('a conversation in OpenAI’s words is one of ours, and so is its answer', async () => {
  const asked: Record<string, unknown>[] = []
  await using stack = await serving('llm', job => {
    asked.push(job.request)
    return Promise.resolve(generated('Hi.', { thought: 'A greeting.', finish: 'length' }))
  })
  const answer = await stack.rig.must('POST', chatPath, {
    body: {
      model: 'starter',
      messages: [
        { role: 'developer', content: [{ type: 'text', text: 'Be short.' }] },
        { role: 'user', content: 'Weather?' },
        {
          role: 'assistant',
          content: null,
          tool_calls: [
            { id: 'c1', type: 'function', function: { name: 'look', arguments: '{"at":"Rome"}' } },
          ],
        },
        { role: 'tool', tool_call_id: 'c1', content: 'rain' },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'And' },
            { type: 'text', text: 'now?' },
          ],
        },
      ],
      tools: [{ type: 'function', function: { name: 'look', parameters: { type: 'object' } } }],
      tool_choice: 'auto',
      response_format: { type: 'json_object' },
      max_completion_tokens: 5,
      temperature: 0,
      top_p: null,
      stop: 'x',
      seed: 7,
      user: 'somebody',
    },
  })
  assert.deepEqual(asked[0], {
    kind: 'chat',
    model: 'starter',
    messages: [
      { role: 'system', content: 'Be short.' },
      { role: 'user', content: 'Weather?' },
      { role: 'assistant', content: '', toolCalls: [{ id: 'c1', name: 'look', arguments: { at: 'Rome' } }] },
      { role: 'tool', toolCallId: 'c1', content: 'rain' },
      { role: 'user', content: 'And\nnow?' },
    ],
    tools: [{ name: 'look', parameters: { type: 'object' } }],
    toolChoice: 'auto',
    format: { type: 'json' },
    maxTokens: 5,
    temperature: 0,
    stop: ['x'],
    seed: 7,
  })
  const { id, created, ...rest } = answer
  assert.match(String(id), /^chatcmpl-/)
  assert.ok(Number(created) > 1.7e9)
  assert.deepEqual(rest, {
    object: 'chat.completion',
    model: 'test',
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: 'Hi.', refusal: null, reasoning_content: 'A greeting.' },
        logprobs: null,
        finish_reason: 'length',
      },
    ],
    usage: {
      prompt_tokens: 1,
      completion_tokens: 1,
      total_tokens: 2,
      prompt_tokens_details: { cached_tokens: 0 },
    },
  })
})

test('an answer is streamed as it comes, with its tool calls and what it took at the end', async () => {
  const next = Promise.withResolvers<void>()
  await using stack = await serving('llm', async job => {
    await job.emit({ type: 'text', text: 'One' })
    await next.promise
    await job.emit({ type: 'text', text: ' two' })
    return generated('One two', { toolCalls: [{ id: 'c', name: 'f', arguments: {} }], finish: 'tool_calls' })
  })
  const response = await post(stack.rig, chatPath, {
    ...hello,
    stream: true,
    stream_options: { include_usage: true },
  })
  assert.equal(response.headers['content-type'], 'text/event-stream; charset=utf-8')
  let text = ''
  for await (const chunk of response.body) {
    text += String(chunk)
    if (text.includes('"One"')) next.resolve()
  }
  const events = text.trim().split('\n\n')
  assert.equal(events.pop(), 'data: [DONE]')
  const parsed = events.map(event => JSON.parse(event.slice('data: '.length)) as Chunk)
  assert.deepEqual(
    parsed.map(({ choices: [choice] }) => [choice?.delta, choice?.finish_reason]),
    [
      [{ role: 'assistant', content: '' }, null],
      [{ content: 'One' }, null],
      [{ content: ' two' }, null],
      [
        { tool_calls: [{ index: 0, id: 'c', type: 'function', function: { name: 'f', arguments: '{}' } }] },
        null,
      ],
      [{}, 'tool_calls'],
      [undefined, undefined],
    ],
  )
  assert.equal(parsed.at(-1)?.usage?.total_tokens, 2)
})

test('who goes away takes the work along', async () => {
  const withdrawn = Promise.withResolvers<void>()
  await using stack = await serving('llm', async job => {
    await job.emit({ type: 'text', text: 'One' })
    await new Promise<void>(resolve => job.signal.addEventListener('abort', () => resolve()))
    withdrawn.resolve()
    return { type: 'failed', error: { code: 'cancelled', message: 'It was cancelled.' } }
  })
  const gone = new AbortController()
  await post(stack.rig, chatPath, { ...hello, stream: true }, gone.signal)
  gone.abort()
  await withdrawn.promise
})

test('one tool by its name is that tool alone, and has to be called; negative numbers say nothing', async () => {
  await using stack = await serving('llm', ({ request: asked }) => {
    const { tools, toolChoice, maxTokens, seed } = asked
    assert.deepEqual(
      { tools, toolChoice, maxTokens, seed },
      {
        tools: [{ name: 'f' }],
        toolChoice: 'required',
        maxTokens: undefined,
        seed: undefined,
      },
    )
    return Promise.resolve(generated('', { toolCalls: [{ id: 'c', name: 'f', arguments: {} }] }))
  })
  const tools = ['e', 'f'].map(name => ({ type: 'function', function: { name } }))
  const choice = { type: 'function', function: { name: 'f' } }
  const body = { ...hello, tools, tool_choice: choice, max_tokens: -1, seed: -1 }
  await stack.rig.must('POST', chatPath, { body })
})

test('who reads nothing and leaves is not waited for', async () => {
  const ended = Promise.withResolvers<void>()
  await using stack = await serving('llm', async job => {
    job.signal.addEventListener('abort', () => ended.resolve())
    // More than all buffers on the way hold.
    for (let n = 0; n < 200 && !job.signal.aborted; n++)
      await job.emit({ type: 'text', text: 'x'.repeat(100_000) })
    await ended.promise
    return { type: 'failed', error: { code: 'cancelled', message: 'It was cancelled.' } }
  })
  const gone = new AbortController()
  await post(stack.rig, chatPath, { ...hello, stream: true }, gone.signal)
  gone.abort()
  await ended.promise
})

test('a limit elsewhere is told with the time to wait, and a mistake is not taken for an outage', async () => {
  await using stack = await serving('llm', ({ request: asked }) =>
    Promise.resolve({
      type: 'failed',
      error:
        asked['model'] === 'far'
          ? { code: 'remote_refused', message: 'Too many.', retryAfter: 2.5 }
          : { code: 'context_too_long', message: 'Too long.' },
    }),
  )
  const limited = await stack.rig.call('POST', chatPath, { body: { ...hello, model: 'far' } })
  assert.deepEqual([limited.status, limited.headers['retry-after']], [503, '3'])
  assert.equal((await stack.rig.call('POST', chatPath, { body: hello })).status, 400)
})

test('failures are OpenAI’s, before the first word and after it', async () => {
  const error = { code: 'unknown_model', message: 'There is no model x.', todo: 'Use y.' }
  await using stack = await serving('llm', async job => {
    if (job.request['model'] === 'late') await job.emit({ type: 'text', text: 'One' })
    return { type: 'failed', error }
  })
  const refused = {
    error: {
      message: 'There is no model x. Use y.',
      type: 'invalid_request_error',
      param: null,
      code: 'unknown_model',
    },
  }
  for (const stream of [false, true]) {
    const answer = await stack.rig.call('POST', chatPath, { body: { ...hello, stream } })
    assert.deepEqual([answer.status, answer.json], [404, refused])
  }
  const late = await stack.rig.call('POST', chatPath, { body: { ...hello, model: 'late', stream: true } })
  assert.equal(late.status, 200)
  assert.deepEqual(JSON.parse(late.text.trim().split('\n\n').at(-1)?.slice(6) ?? ''), refused)
  for (const wrong of [
    { messages: [] },
    { ...hello, n: 2 },
    { ...hello, temperature: 9 },
    { ...hello, tool_choice: { type: 'function', function: { name: 'nobody' } } },
    { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'https://x/y.png' } }] }] },
  ]) {
    const { status, json } = await stack.rig.call('POST', chatPath, { body: wrong })
    assert.equal(status, 400)
    assert.equal((json['error'] as { type: string }).type, 'invalid_request_error')
  }
  await using alone = await apiRig()
  const absent = await alone.call('POST', chatPath, { body: hello })
  assert.deepEqual([absent.status, (absent.json['error'] as { code: string }).code], [503, 'core_absent'])
  assert.equal((await alone.call('GET', '/v1/nothing')).status, 404)
})

test('a picture comes as a data: URL, and goes to the model as a file', async () => {
  let seen: Buffer | undefined
  await using stack = await serving('llm', async job => {
    const [message] = job.request['messages'] as { content: string; images: string[] }[]
    assert.deepEqual(message, { role: 'user', content: 'What is it?', images: ['picture-1.png'] })
    seen = await readFile(join(job.folder, 'picture-1.png'))
    return generated('A dot.')
  })
  const content = [
    { type: 'image_url', image_url: { url: `data:image/png;base64,${png}`, detail: 'low' } },
    { type: 'text', text: 'What is it?' },
  ]
  await stack.rig.must('POST', chatPath, { body: { messages: [{ role: 'user', content }] } })
  assert.equal(seen?.toString('base64'), png)
})

test('a text is gone on with', async () => {
  await using stack = await serving('llm', async job => {
    assert.deepEqual(job.request, { kind: 'complete', prompt: 'Once', maxTokens: 3 })
    await job.emit({ type: 'text', text: ' upon' })
    return generated(' upon')
  })
  const body = { prompt: ['Once'], max_tokens: 3, model: 'default' }
  const whole = await stack.rig.must('POST', '/v1/completions', { body })
  assert.equal((whole['choices'] as { text: string }[])[0]?.text, ' upon')
  const streamed = await stack.rig.call('POST', '/v1/completions', { body: { ...body, stream: true } })
  assert.match(streamed.text, /"text":" upon"[^]*"finish_reason":"stop"[^]*data: \[DONE\]\n\n$/)
})

test('texts become vectors, also packed; documents are ranked', async () => {
  await using stack = await serving('llm', ({ request: asked }) =>
    Promise.resolve(
      asked['kind'] === 'rerank'
        ? {
            type: 'done',
            body: { model: 'r', ranking: [{ index: 1, score: 0.9 }], usage: { promptTokens: 7 } },
          }
        : {
            type: 'done',
            body: {
              model: 'e',
              embeddings: (asked['input'] as string[]).map(() => [0.5, -2]),
              usage: { promptTokens: 3 },
            },
          },
    ),
  )
  const { rig } = stack
  const one = await rig.must('POST', '/v1/embeddings', { body: { input: 'x', model: 'e' } })
  assert.deepEqual(one, {
    object: 'list',
    model: 'e',
    data: [{ object: 'embedding', index: 0, embedding: [0.5, -2] }],
    usage: { prompt_tokens: 3, total_tokens: 3 },
  })
  const many = await rig.must('POST', '/v1/embeddings', { body: { input: Array(300).fill('x') } })
  assert.deepEqual(
    [(many['data'] as unknown[]).length, many['usage']],
    [300, { prompt_tokens: 6, total_tokens: 6 }],
  )
  const packed = await rig.must('POST', '/v1/embeddings', {
    body: { input: ['x', 'y'], model: 'e', encoding_format: 'base64' },
  })
  const [, second] = packed['data'] as { embedding: string }[]
  const floats = Buffer.from(second?.embedding ?? '', 'base64')
  assert.deepEqual([floats.readFloatLE(0), floats.readFloatLE(4), floats.length], [0.5, -2, 8])
  const ranked = await rig.must('POST', '/v1/rerank', {
    body: { model: 'r', query: 'q', documents: ['a', { text: 'b' }], top_n: 1, return_documents: true },
  })
  assert.deepEqual(ranked['results'], [{ index: 1, relevance_score: 0.9, document: { text: 'b' } }])
})

test('a text is read aloud as a file; OpenAI’s voices mean whichever is there', async () => {
  const asked: unknown[] = []
  await using stack = await serving('tts', async job => {
    asked.push(job.request)
    await writeFile(join(await job.outFolder(), 'speech.mp3'), 'sound')
    const body = { model: 't', voice: 'v', file: 'speech.mp3', sampleRate: 22_050, audioSeconds: 1 }
    return { type: 'done', body: { ...body, sentences: 1, firstAudioMs: 1, elapsedMs: 2 } }
  })
  const body = { model: 'default', input: 'Hello.', voice: 'alloy' }
  const answer = await stack.rig.call('POST', '/v1/audio/speech', { body })
  assert.deepEqual([answer.status, answer.headers['content-type'], answer.text], [200, 'audio/mpeg', 'sound'])
  assert.deepEqual(asked[0], { kind: 'speak', text: 'Hello.', format: 'mp3' })
  await stack.rig.call('POST', '/v1/audio/speech', { body: { ...body, model: 'tts-1' } })
  assert.deepEqual(asked[1], asked[0])
  const refused = await stack.rig.call('POST', '/v1/audio/speech', {
    body: { ...body, response_format: 'flac' },
  })
  assert.equal(refused.status, 400)
})

test('a recording becomes its words, in each of OpenAI’s forms', async () => {
  const wav = encodeWav(new Float32Array(1600), 16_000)
  await using stack = await serving('stt', async job => {
    assert.deepEqual(job.request, { kind: 'transcribe', file: 'recording', model: 'm' })
    assert.deepEqual(await readFile(join(job.folder, 'recording')), Buffer.from(wav))
    const segments = [{ start: 0.5, end: 3661.25, text: 'And so' }]
    const body = { text: 'And so', segments, model: 'm', audioSeconds: 4, elapsedMs: 5 }
    return { type: 'done', body }
  })
  const ask = async (format?: string): Promise<string> => {
    const form = new FormData()
    form.append('file', new File([Uint8Array.from(wav)], 'a b.wav'))
    form.append('model', 'm')
    if (format !== undefined) form.append('response_format', format)
    const response = await fetch(`${stack.rig.backend.address}/v1/audio/transcriptions`, {
      method: 'POST',
      body: form,
    })
    return await response.text()
  }
  assert.deepEqual(JSON.parse(await ask()), { text: 'And so' })
  assert.equal(await ask('text'), 'And so\n')
  assert.equal(await ask('srt'), '1\n00:00:00,500 --> 01:01:01,250\nAnd so\n')
  assert.match(await ask('vtt'), /^WEBVTT\n\n00:00:00\.500 --> 01:01:01\.250\n/)
  assert.equal((JSON.parse(await ask('verbose_json')) as { duration: number }).duration, 4)
  assert.match(await ask('docx'), /invalid_request_error/)
  const json = await stack.rig.call('POST', '/v1/audio/transcriptions', { body: { model: 'm' } })
  assert.equal(json.status, 415)
  const headers = { 'content-type': 'multipart/form-data; boundary=x' }
  const torn = await stack.rig.call('POST', '/v1/audio/transcriptions', { body: Buffer.from('--x'), headers })
  assert.equal(torn.status, 400)
})

test('pictures are in the answer', async () => {
  await using stack = await serving('image', async job => {
    assert.deepEqual(job.request, { kind: 'paint', prompt: 'a boat', count: 2, width: 512, height: 256 })
    const out = await job.outFolder()
    await mkdir(out, { recursive: true })
    const images = [1, 2].map(n => ({ file: `image-${n}.png`, seed: n, width: 512, height: 256 }))
    for (const { file } of images) await writeFile(join(out, file), Buffer.from(png, 'base64'))
    return { type: 'done', body: { model: 'sd', images, prompt: 'a boat', elapsedMs: 1 } }
  })
  const body = { prompt: 'a boat', n: 2, size: '512x256', response_format: 'b64_json', quality: 'hd' }
  const { data } = await stack.rig.must('POST', '/v1/images/generations', { body })
  assert.deepEqual(data, [
    { b64_json: png, seed: 1 },
    { b64_json: png, seed: 2 },
  ])
})

test('the models that can be used are listed', async () => {
  await using rig = await apiRig()
  const { data } = await rig.must('GET', '/v1/models')
  assert.deepEqual(data, [{ id: 'starter', object: 'model', created: 0, owned_by: 'shipped', kind: 'llm' }])
  assert.equal((await rig.must('GET', '/v1/models/starter'))['id'], 'starter')
  assert.equal((await rig.call('GET', '/v1/models/gpt-9')).status, 404)
})

interface Chunk {
  readonly choices: readonly { readonly delta: unknown; readonly finish_reason: unknown }[]
  readonly usage?: { readonly total_tokens: number }
}

async function post(rig: ApiRig, path: string, body: object, signal?: AbortSignal) {
  return await request(`${rig.backend.address}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    ...(signal === undefined ? {} : { signal }),
  })
}
