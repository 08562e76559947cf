import { words, type Words } from './messages.ts'
import { anyEvent, clientEvent, clientEventTypes, type ClientEvent } from './protocol.ts'

export type Parsed =
  | { readonly ok: true; readonly event: ClientEvent }
  | { readonly ok: false; readonly words: Words; readonly eventId: string | undefined }

/** One text message of a client; a failure names the event that it answers, as far as that can be told. */
export function parseClientEvent(text: string): Parsed {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    // JSON.parse has one kind of failure.
    return { ok: false, words: words.invalidJson(), eventId: undefined }
  }
  const parsed = clientEvent.safeParse(json)
  if (parsed.success) return { ok: true, event: parsed.data }
  const any = anyEvent.safeParse(json)
  if (!any.success) {
    return {
      ok: false,
      words: words.invalidEvent('the message', 'type', 'a string is expected'),
      eventId: undefined,
    }
  }
  const { type, event_id: eventId } = any.data
  if (!clientEventTypes.includes(type)) {
    return { ok: false, words: words.unknownEvent(type, clientEventTypes), eventId }
  }
  const issue = parsed.error.issues[0]
  const path = issue?.path.join('.') ?? ''
  return { ok: false, words: words.invalidEvent(type, path, issue?.message ?? 'invalid'), eventId }
}
