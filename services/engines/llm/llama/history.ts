import type { ChatHistoryItem, ChatModelFunctionCall, ChatModelResponse } from 'node-llama-cpp'
import { type ChatMessage, EngineError } from '../../../core/engine.ts'

/**
 * A conversation as the library has it, with the message that is to come at its end. There, a call of a tool stands with its
 * result in the message of the model, and all that the model does until the user's next turn is one message.
 */
export function historyOf(messages: readonly ChatMessage[]): ChatHistoryItem[] {
  const history: ChatHistoryItem[] = []
  const calls = new Map<string, ChatModelFunctionCall>()
  const answer = (): ChatModelResponse => {
    const last = history.at(-1)
    if (last?.type === 'model') return last
    const made: ChatModelResponse = { type: 'model', response: [] }
    history.push(made)
    return made
  }
  for (const message of messages) {
    switch (message.role) {
      case 'system':
      case 'user':
        history.push({ type: message.role, text: message.content })
        break
      case 'assistant': {
        const { response } = answer()
        if (message.content !== '') response.push(message.content)
        for (const [at, { id, name, arguments: params }] of (message.toolCalls ?? []).entries()) {
          const call: ChatModelFunctionCall = { type: 'functionCall', name, params, result: '' }
          if (at === 0) call.startsNewChunk = true
          calls.set(id, call)
          response.push(call)
        }
        break
      }
      case 'tool': {
        const call = calls.get(message.toolCallId)
        if (call === undefined)
          throw new EngineError({
            reason: 'bad_request',
            detail: `no tool call before it has the id ${JSON.stringify(message.toolCallId)}`,
          })
        call.result = resultOf(message.content)
        break
      }
    }
  }
  answer()
  return history
}

/** A template writes results as JSON: what is JSON already is not to become a string of it. */
function resultOf(content: string): unknown {
  if (!/^\s*[[{]/.test(content)) return content
  try {
    return JSON.parse(content) as unknown
  } catch (error) {
    if (error instanceof SyntaxError) return content
    throw error
  }
}
