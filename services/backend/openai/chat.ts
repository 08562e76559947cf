import type { Generated, ToolCall } from '../../portal/llm-request.ts'
import { type Api, route } from '../api/route.ts'
import type { CoreJobs } from '../core-job.ts'
import { type ChatBody, chatBodySchema, chatRequest } from './chat-body.ts'
import { generate, type Head, type Shape } from './generate.ts'
import type { UsableModels } from './models.ts'
import { Pictures } from './pictures.ts'
import { tempFolder } from './temp-folder.ts'
import { usageOf } from './usage.ts'

/** Of the pictures, mostly. */
const bodyLimit = 64 * 1024 * 1024

export function chatRoute(api: Api, jobs: CoreJobs, models: UsableModels): void {
  route(
    api,
    {
      method: 'POST',
      path: '/v1/chat/completions',
      access: 'user',
      scope: 'models',
      summary: "A model's answer to a conversation, whole or streamed, in OpenAI's form",
      body: chatBodySchema,
      bodyLimit,
      reply: { type: 'application/json', about: 'a chat.completion, or events of chat.completion.chunk' },
    },
    async ({ body, reply }) => {
      await using temp = tempFolder()
      const pictures = new Pictures(() => temp.path())
      const request = chatRequest(body, pictures)
      const asked = {
        request,
        files: await pictures.files(),
        stream: body.stream === true,
        path: '/v1/chat/completions',
        usual: models.usual('llm') ?? 'default',
      }
      const whole = await generate(api, jobs, asked, shapeFor(body), reply)
      if (whole !== undefined) await reply.type('application/json').send(JSON.stringify(whole))
    },
  )
}

function shapeFor(body: ChatBody): Shape {
  const chunk = ({ id, created, model }: Head, delta: object, finish: string | null = null): object => ({
    id: `chatcmpl-${id}`,
    object: 'chat.completion.chunk',
    created,
    model,
    choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }],
  })
  return {
    whole: (answer, { id, created, model }) => ({
      id: `chatcmpl-${id}`,
      object: 'chat.completion',
      created,
      model,
      choices: [{ index: 0, message: messageOf(answer), logprobs: null, finish_reason: answer.finish }],
      usage: usageOf(answer),
    }),
    first: head => chunk(head, { role: 'assistant', content: '' }),
    piece: ({ type, text }, head) =>
      chunk(head, type === 'text' ? { content: text } : { reasoning_content: text }),
    last: (answer, head) => {
      const calls = callsOf(answer.toolCalls ?? []).map((call, index) => ({ index, ...call }))
      return [
        ...(calls.length === 0 ? [] : [chunk(head, { tool_calls: calls })]),
        chunk(head, {}, answer.finish),
        ...(body.stream_options?.include_usage === true
          ? [{ ...chunk(head, {}), choices: [], usage: usageOf(answer) }]
          : []),
      ]
    },
  }
}

function messageOf({ text, thought, toolCalls = [] }: Generated): object {
  return {
    role: 'assistant',
    content: text === '' && toolCalls.length > 0 ? null : text,
    refusal: null,
    ...(thought === undefined ? {} : { reasoning_content: thought }),
    ...(toolCalls.length === 0 ? {} : { tool_calls: callsOf(toolCalls) }),
  }
}

function callsOf(calls: readonly ToolCall[]): object[] {
  return calls.map(({ id, name, arguments: values }) => ({
    id,
    type: 'function',
    function: { name, arguments: JSON.stringify(values) },
  }))
}
