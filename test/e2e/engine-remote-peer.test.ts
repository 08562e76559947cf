import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { request } from 'undici'
import { programPath } from '../../models/programs.ts'
import type { ChatRequest, EngineRequest, Generated, Ranked, TextLine } from '../../services/core/engine.ts'
import { ChildServer } from '../../services/engines/shared/child-server.ts'
import { EngineRig } from '../support/engine-rig.ts'
import { writeBert } from '../support/gguf-rerank.ts'
import { writeVision } from '../support/gguf-vision.ts'
import { tinyPlan, writeGguf } from '../support/gguf-writer.ts'
import { root } from '../support/our-stack.ts'
import { png } from '../support/png.ts'
import { tempDir } from '../support/temp.ts'

const server = programPath('llama-server', { env: process.env })
const skip = server === undefined && 'llama-server is neither built here nor on the PATH'

const dir = await tempDir()
after(() => dir[Symbol.asyncDispose]())
const at = (name: string): string => join(dir.path, name)
const starterFile = join(root, 'models/starter/starter.gguf')
const chat = (content: string, more: Partial<ChatRequest> = {}): ChatRequest => ({
  kind: 'chat',
  messages: [{ role: 'user', content }],
  toolChoice: 'auto',
  temperature: 0,
  ...more,
})
const key = 'sk-of-a-peer'

/** Tools in the way of Hermes and Qwen: the starter's own template knows none. */
const template = `{%- if tools %}<|im_start|>system
{% for tool in tools %}{{ tool | tojson }}
{% endfor %}<|im_end|>
{% endif %}
{%- for message in messages %}<|im_start|>{{ message.role }}
{{ message.content or '' }}
{%- for call in message.tool_calls or [] %}<tool_call>
{"name": "{{ call.function.name }}", "arguments": {{ call.function.arguments | tojson }}}
</tool_call>{% endfor %}<|im_end|>
{% endfor %}
{%- if add_generation_prompt %}<|im_start|>assistant
{% endif %}`

/** llama-server with these arguments, and the engine that asks it. */
async function peer(args: readonly string[], settings: Record<string, unknown> = {}) {
  const { PATH = '' } = process.env
  const child = await ChildServer.start({
    program: server ?? '',
    args: port => ['--port', String(port), '--threads', '1', '--no-webui', '--device', 'none', ...args],
    env: { PATH, LLAMA_API_KEY: key },
    isReady: async (url, signal, dispatcher) => {
      const { statusCode, body } = await request(`${url}/health`, { signal, dispatcher })
      await body.dump()
      return statusCode === 200
    },
  })
  const rig = await EngineRig.start({
    program: 'services/engines/llm/remote.ts',
    model: {
      id: 'peer',
      engine: 'remote',
      files: {},
      settings: { url: `${child.url}/v1`, model: 'any', keyEnv: 'PEER_KEY', ...settings },
    },
    env: { PEER_KEY: key },
  })
  return {
    rig,
    result: async <Result>(request: EngineRequest, attachments: string[] = []) => {
      const { body, lines } = await rig.result(request, attachments)
      return { ...(body as unknown as Result), lines: lines as readonly TextLine[] }
    },
    [Symbol.asyncDispose]: async () => {
      await rig[Symbol.asyncDispose]()
      await child.stop()
    },
  }
}

suite('the engine for endpoints, against llama-server with the starter model', { skip }, () => {
  let starter: Awaited<ReturnType<typeof peer>>
  before(async () => {
    starter = await peer(['-m', starterFile, '--parallel', '4'])
  })
  after(() => starter[Symbol.asyncDispose]())

  test('chats, and streams what it says', async () => {
    const said = await starter.result<Generated>(chat('What is the capital of France?'))
    equal(said.text, 'The capital of France is Paris.')
    equal(said.lines.map(({ text }) => text).join(''), said.text)
    ok(said.lines.length > 3 && said.usage.promptTokens > 5 && said.usage.completionTokens > 5)
    const short = await starter.result<Generated>(chat('What is the capital of France?', { maxTokens: 2 }))
    equal(short.finish, 'length')
  })

  test('goes on from a prompt', async () => {
    const { text } = await starter.result<Generated>({
      kind: 'complete',
      prompt: 'The capital of',
      maxTokens: 5,
      temperature: 0,
    })
    ok(text.length > 0)
  })

  test('answers JSON of a schema, and words of a grammar', async () => {
    const schema = { type: 'object', properties: { city: { enum: ['Paris', 'Rome'] } }, required: ['city'] }
    const { text } = await starter.result<Generated>(chat('France?', { format: { type: 'schema', schema } }))
    match(JSON.stringify(JSON.parse(text)), /^\{"city":"(Paris|Rome)"\}$/)
    const grammar = 'root ::= "yes" | "no"'
    const word = await starter.result<Generated>(chat('Well?', { format: { type: 'grammar', grammar } }))
    match(word.text, /^(yes|no)$/)
  })

  // Whether it calls one is the model's decision, also with `required`, and this one is too small to.
  test('takes tools, and a talk in which one was called', async () => {
    writeFileSync(at('template.jinja'), template)
    await using caller = await peer(['-m', starterFile, '--chat-template-file', at('template.jinja')])
    const call = { id: 'call_1', name: 'weather', arguments: { city: 'Rome' } }
    const request = chat('', {
      messages: [
        { role: 'user', content: 'What is the weather in Rome?' },
        { role: 'assistant', content: '', toolCalls: [call] },
        { role: 'tool', toolCallId: 'call_1', content: 'sunny' },
        { role: 'user', content: 'Thank you.' },
      ],
      maxTokens: 20,
    })
    const parameters = { type: 'object', properties: { city: { type: 'string' } } }
    const tools = [{ name: 'weather', description: 'The weather in a city', parameters }]
    const without = await caller.result<Generated>(request)
    const withTools = await caller.result<Generated>({ ...request, tools })
    ok(without.text.length > 0 && withTools.text.length > 0)
    // The template has told the model of them.
    ok(withTools.usage.promptTokens > without.usage.promptTokens + 20)
  })

  test('is told by the server what is wrong', async () => {
    const failure = await starter.rig.failure(chat('word '.repeat(3000)))
    ok(failure.reason === 'remote' && failure.fault === 'refused' && failure.status === 400)
    match(failure.detail, /exceeds the available context size/)
    const blind = await starter.rig.failure({ kind: 'embed', input: ['a'] })
    ok(blind.reason === 'remote' && blind.status === 501, JSON.stringify(blind))
  })
})

suite('the engine for endpoints, against llama-server with other models', { skip }, () => {
  test('embeds', async () => {
    writeBert(at('embed.gguf'), 'embedding')
    await using embedder = await peer(['-m', at('embed.gguf'), '--embeddings'])
    const { embeddings } = await embedder.result<{ embeddings: number[][] }>({
      kind: 'embed',
      input: ['a', 'b'],
    })
    deepEqual(
      embeddings.map(vector => [vector.length, Math.round(Math.hypot(...vector) * 1e4)]),
      [
        [64, 10_000],
        [64, 10_000],
      ],
    )
  })

  test('ranks, also empty documents and hundreds of them, as the engine for files does', async () => {
    writeBert(at('rerank.gguf'), 'rerank')
    await using ranker = await peer(['-m', at('rerank.gguf'), '--reranking'])
    const request = { kind: 'rerank', query: 'where?', documents: ['a cat', '', 'the sea'] } as const
    const { ranking, usage } = await ranker.result<Ranked>({ ...request, documents: [...request.documents] })
    ok(usage.promptTokens > 10)
    await using local = await EngineRig.start({
      program: 'services/engines/llm/llama.ts',
      model: { id: 'a', engine: 'llama', files: { model: at('rerank.gguf') }, settings: {} },
    })
    const own = (await local.result({ ...request, documents: [...request.documents] }))
      .body as unknown as Ranked
    deepEqual(
      ranking.map(({ index }) => index),
      own.ranking.map(({ index }) => index),
    )
    const many = Array.from({ length: 300 }, (_, at) => `number ${at}`)
    const best = await ranker.result<Ranked>({ kind: 'rerank', query: 'where?', documents: many, top: 7 })
    equal(best.ranking.length, 7)
  })

  test('sends pictures', async () => {
    writeGguf(at('tiny.gguf'), tinyPlan)
    writeVision(at('eyes.gguf'), tinyPlan.width)
    await using seer = await peer(['-m', at('tiny.gguf'), '-mm', at('eyes.gguf')], { vision: true })
    const texts: string[] = []
    for (const [name, colour] of [
      ['red', [255, 0, 0]],
      ['blue', [0, 0, 255]],
    ] as const) {
      writeFileSync(at(name), png(30, 20, colour))
      const format = { type: 'grammar' as const, grammar: 'root ::= [a-z]{12}' }
      const messages = [{ role: 'user' as const, content: 'What is it?', images: [name] }]
      texts.push((await seer.result<Generated>(chat('', { messages, format }), [at(name)])).text)
    }
    match(texts.join(' '), /^[a-z]{12} [a-z]{12}$/)
    ok(texts[0] !== texts[1])
  })
})
