import { randomUUID } from 'node:crypto'
import type { Words } from './messages.ts'
import type { ServerEvent } from './protocol.ts'

/** One utterance, from its first sound to its final text; then it is forgotten. */
export interface Item {
  readonly id: string
  readonly startMs: number
  /** Known once the speech has stopped, and the client has been told so. */
  endMs: number | undefined
  /** What the client has been told of its text. */
  told: string
}

export function newItem(startMs: number): Item {
  return { id: `item_${randomUUID().replaceAll('-', '').slice(0, 20)}`, startMs, endMs: undefined, told: '' }
}

/** Whether a client waits for its end: it knows it as an item, or has words of it. */
export function hasBegun({ endMs, told }: Item): boolean {
  return endMs !== undefined || told !== ''
}

/**
 * What a client learns of an item, in this order: started, stopped, and either completed or failed. Deltas come between
 * them, or not at all; the transcript of `completed` replaces what they said. An item that is dropped while one speaks, by a
 * `clear` or with its engine, has no stop; it has an end if it has words.
 */
export const itemEvents = {
  started: (item: Item): ServerEvent => ({
    type: 'input_audio_buffer.speech_started',
    event_id: eventId(),
    item_id: item.id,
    audio_start_ms: Math.round(item.startMs),
  }),
  stopped: (item: Item, endMs: number, previous_item_id: string | null): ServerEvent[] => {
    const item_id = item.id
    const body = {
      id: item_id,
      object: 'realtime.item' as const,
      type: 'message' as const,
      status: 'completed' as const,
      role: 'user' as const,
      content: [{ type: 'input_audio' as const, transcript: null }],
    }
    const audio_end_ms = Math.round(endMs)
    return [
      { type: 'input_audio_buffer.speech_stopped', event_id: eventId(), item_id, audio_end_ms },
      { type: 'input_audio_buffer.committed', event_id: eventId(), item_id, previous_item_id },
      { type: 'conversation.item.added', event_id: eventId(), item: body, previous_item_id },
      { type: 'conversation.item.done', event_id: eventId(), item: body, previous_item_id },
    ]
  },
  delta: (item: Item, delta: string): ServerEvent => ({
    type: 'conversation.item.input_audio_transcription.delta',
    event_id: eventId(),
    item_id: item.id,
    content_index: 0,
    delta,
  }),
  /** No words, an empty transcript: who waits for each item's end is not left waiting. */
  completed: (item: Item, transcript: string): ServerEvent => ({
    type: 'conversation.item.input_audio_transcription.completed',
    event_id: eventId(),
    item_id: item.id,
    content_index: 0,
    transcript,
    usage: { type: 'duration', seconds: ((item.endMs ?? item.startMs) - item.startMs) / 1000 },
  }),
  failed: (item: Item, { type, code, message }: Words): ServerEvent => ({
    type: 'conversation.item.input_audio_transcription.failed',
    event_id: eventId(),
    item_id: item.id,
    content_index: 0,
    error: { type, code, message, param: null },
  }),
}

export function eventId(): string {
  return `event_${randomUUID().replaceAll('-', '').slice(0, 20)}`
}
