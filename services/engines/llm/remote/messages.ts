import type { ChatMessage, ChatRequest, CompleteRequest } from '../../../core/engine.ts'
import type { Pictures } from '../pictures.ts'

/** The parameters of https://platform.openai.com/docs/api-reference; those beyond it are Ollama's, vLLM's and llama-server's. */
export function parametersOf(request: ChatRequest | CompleteRequest): Record<string, unknown> {
  const { maxTokens, temperature, topP, topK, minP, repeatPenalty, stop, seed } = request
  const { presencePenalty, frequencyPenalty } = request
  return definedOnly({
    max_tokens: maxTokens,
    temperature,
    top_p: topP,
    top_k: topK,
    min_p: minP,
    repeat_penalty: repeatPenalty,
    presence_penalty: presencePenalty,
    frequency_penalty: frequencyPenalty,
    stop: stop?.length === 0 ? undefined : stop,
    seed,
  })
}

/** Pictures stand before the words that speak of them, as models are trained. */
export function messagesOf(messages: readonly ChatMessage[], pictures: Pictures): Record<string, unknown>[] {
  return messages.map(message => {
    if (message.role === 'user' && message.images !== undefined && message.images.length > 0) {
      const parts = message.images.map(name => ({
        type: 'image_url',
        image_url: { url: pictures.get(name) },
      }))
      const text = message.content === '' ? [] : [{ type: 'text', text: message.content }]
      return { role: 'user', content: [...parts, ...text] }
    }
    if (message.role === 'tool')
      return { role: 'tool', tool_call_id: message.toolCallId, content: message.content }
    if (message.role !== 'assistant') return { role: message.role, content: message.content }
    const calls = message.toolCalls?.map(({ id, name, arguments: values }) => ({
      id,
      type: 'function',
      function: { name, arguments: JSON.stringify(values) },
    }))
    return definedOnly({
      role: 'assistant',
      content: message.content === '' && calls !== undefined ? null : message.content,
      tool_calls: calls,
    })
  })
}

export function toolsOf({ tools, toolChoice }: ChatRequest): Record<string, unknown> {
  if (tools === undefined || tools.length === 0) return {}
  return {
    tools: tools.map(({ name, description, parameters = { type: 'object', properties: {} } }) => ({
      type: 'function',
      function: definedOnly({ name, description, parameters }),
    })),
    tool_choice: toolChoice,
  }
}

export function formatOf({ format }: ChatRequest | CompleteRequest): Record<string, unknown> {
  if (format === undefined) return {}
  if (format.type === 'json') return { response_format: { type: 'json_object' } }
  // llama-server's; others have no grammars, and an endpoint that leaves it unread answers freely.
  if (format.type === 'grammar') return { grammar: format.grammar }
  const json_schema = { name: 'answer', schema: format.schema, strict: true }
  return { response_format: { type: 'json_schema', json_schema } }
}

function definedOnly(values: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined))
}
