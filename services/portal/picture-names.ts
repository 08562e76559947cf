import type { ChatMessage } from './llm-request.ts'

/** The files that messages name, in their order, as often as they are named. */
export function pictureNames(messages: readonly ChatMessage[]): string[] {
  return messages.flatMap(message => (message.role === 'user' ? (message.images ?? []) : []))
}
