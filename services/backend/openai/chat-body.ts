import { z } from 'zod'
import type { ChatMessage, LlmRequestInput } from '../../portal/llm-request.ts'
import { Refusal } from '../api/refusal.ts'
import { apiProblems } from '../messages.ts'
import type { Pictures } from './pictures.ts'
import { definedOnly, samplingOf, samplingShape } from './sampling.ts'
import { optional } from './optional.ts'

const textPart = z.object({ type: z.literal('text'), text: z.string() })
const text = z.union([z.string(), z.array(textPart)])
const image = z.object({ type: z.literal('image_url'), image_url: z.object({ url: z.string() }) })

const messageSchema = z.discriminatedUnion('role', [
  z.object({ role: z.enum(['system', 'developer']), content: text }),
  z.object({
    role: z.literal('user'),
    content: z.union([z.string(), z.array(z.discriminatedUnion('type', [textPart, image]))]),
  }),
  z.object({
    role: z.literal('assistant'),
    content: optional(text),
    tool_calls: optional(
      z.array(z.object({ id: z.string(), function: z.object({ name: z.string(), arguments: z.string() }) })),
    ),
  }),
  z.object({ role: z.literal('tool'), tool_call_id: z.string(), content: text }),
])

export const chatBodySchema = z.object({
  ...samplingShape,
  messages: z.array(messageSchema).min(1).max(10_000),
  tools: optional(
    z.array(
      z.object({
        type: z.literal('function'),
        function: z.object({
          name: z.string(),
          description: optional(z.string()),
          parameters: optional(z.record(z.string(), z.unknown())),
        }),
      }),
    ),
  ),
  tool_choice: optional(
    z.union([
      z.enum(['auto', 'none', 'required']),
      z.object({ type: z.literal('function'), function: z.object({ name: z.string() }) }),
    ]),
  ),
  response_format: optional(
    z.discriminatedUnion('type', [
      z.object({ type: z.literal('text') }),
      z.object({ type: z.literal('json_object') }),
      z.object({
        type: z.literal('json_schema'),
        json_schema: z.object({ schema: z.record(z.string(), z.unknown()) }),
      }),
    ]),
  ),
  logprobs: optional(z.literal(false, 'there are none')),
})
type ChatRequestInput = Extract<LlmRequestInput, { kind: 'chat' }>
export type ChatBody = z.output<typeof chatBodySchema>

/** The request of ours that it comes to. */
export function chatRequest(body: ChatBody, pictures: Pictures): ChatRequestInput {
  const { response_format: format } = body
  const { tools, toolChoice } = toolsOf(body)
  return {
    kind: 'chat',
    messages: body.messages.map(message => ourMessage(message, pictures)),
    ...(tools === undefined || tools.length === 0
      ? {}
      : {
          tools: tools.map(({ function: { name, description, parameters } }) => ({
            name,
            ...definedOnly({ description: description, parameters: parameters }),
          })),
        }),
    ...(toolChoice === undefined ? {} : { toolChoice }),
    ...(format === undefined || format.type === 'text'
      ? {}
      : {
          format:
            format.type === 'json_object'
              ? { type: 'json' }
              : { type: 'schema', schema: format.json_schema.schema },
        }),
    ...samplingOf(body),
  }
}

/** One tool by its name is that tool alone, and it has to be called. */
function toolsOf({ tools, tool_choice: choice }: ChatBody) {
  if (typeof choice !== 'object') return { tools, toolChoice: choice }
  const { name } = choice.function
  const named = tools?.filter(tool => tool.function.name === name) ?? []
  if (named.length === 0)
    throw new Refusal(400, apiProblems.badField('body', 'tool_choice', `there is no tool ${name}`))
  return { tools: named, toolChoice: 'required' as const }
}

type TheirMessage = ChatBody['messages'][number]

function ourMessage(message: TheirMessage, pictures: Pictures): ChatMessage {
  switch (message.role) {
    case 'system':
    case 'developer':
      return { role: 'system', content: joined(message.content) }
    case 'user': {
      if (typeof message.content === 'string') return { role: 'user', content: message.content }
      const images = message.content.flatMap(part =>
        part.type === 'image_url' ? [pictures.add(part.image_url.url)] : [],
      )
      const content = joined(message.content.filter(part => part.type === 'text'))
      return { role: 'user', content, ...(images.length === 0 ? {} : { images }) }
    }
    case 'assistant': {
      const toolCalls = message.tool_calls?.map(({ id, function: { name, arguments: text } }) => ({
        id,
        name,
        arguments: argumentsOf(text),
      }))
      const content = message.content === undefined ? '' : joined(message.content)
      return { role: 'assistant', content, ...(toolCalls === undefined ? {} : { toolCalls }) }
    }
    case 'tool':
      return { role: 'tool', toolCallId: message.tool_call_id, content: joined(message.content) }
  }
}

function joined(content: string | readonly z.infer<typeof textPart>[]): string {
  return typeof content === 'string' ? content : content.map(part => part.text).join('\n')
}

function argumentsOf(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text === '' ? '{}' : text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return value as Record<string, unknown>
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
  }
  throw new Refusal(
    400,
    apiProblems.badField('body', 'messages', 'arguments of a tool call that are no JSON object'),
  )
}
