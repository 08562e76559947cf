import { z } from 'zod'

/**
 * The part of the OpenAI Realtime (GA) vocabulary that transcription needs. Audio is base64 PCM16, little-endian, mono.
 * Fields that are not named here are ignored, since clients send many. web/ takes types from here, so this file may import
 * zod and nothing of node.
 */
const eventId = z.string().max(512).optional()

const audioInput = z.object({
  format: z
    .object({
      type: z.literal('audio/pcm'),
      /** The vocabulary's own is 24000; more costs nothing, since the engine resamples anyway. */
      rate: z.number().int().min(8000).max(48_000).default(24_000),
    })
    .optional(),
  turn_detection: z
    .discriminatedUnion('type', [
      z.object({
        type: z.literal('server_vad'),
        silence_duration_ms: z.number().int().min(200).max(2000).optional(),
      }),
      // What the Agents SDK asks for by default. We have one detector; `session.updated` says so.
      z.object({ type: z.literal('semantic_vad') }),
    ])
    .optional(),
})

export const clientEvent = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('session.update'),
    event_id: eventId,
    session: z.object({ audio: z.object({ input: audioInput.optional() }).optional() }),
  }),
  z.object({ type: z.literal('input_audio_buffer.append'), event_id: eventId, audio: z.string() }),
  z.object({ type: z.literal('input_audio_buffer.commit'), event_id: eventId }),
  z.object({ type: z.literal('input_audio_buffer.clear'), event_id: eventId }),
])
export type ClientEvent = z.infer<typeof clientEvent>

/** Only to tell an event of a type that we don't know from a known one with wrong fields. */
export const anyEvent = z.object({ type: z.string(), event_id: eventId.catch(undefined) })
export const clientEventTypes: readonly string[] = clientEvent.options.map(one => one.shape.type.value)

const sessionObject = z.object({
  type: z.literal('transcription'),
  object: z.literal('realtime.transcription_session'),
  id: z.string(),
  audio: z.object({
    input: z.object({
      format: z.object({ type: z.literal('audio/pcm'), rate: z.number() }),
      transcription: z.object({ model: z.string() }),
      turn_detection: z.object({ type: z.literal('server_vad'), silence_duration_ms: z.number() }),
    }),
  }),
})

const errorObject = z.object({
  type: z.enum(['invalid_request_error', 'server_error']),
  code: z.string(),
  message: z.string(),
  param: z.string().nullable(),
  /** The `event_id` of the client's event that caused it. */
  event_id: z.string().nullable(),
})

const item = z.object({
  id: z.string(),
  object: z.literal('realtime.item'),
  type: z.literal('message'),
  status: z.literal('completed'),
  role: z.literal('user'),
  content: z.array(z.object({ type: z.literal('input_audio'), transcript: z.string().nullable() })),
})

const head = <T extends string>(type: T) => ({ type: z.literal(type), event_id: z.string() })
const transcription = 'conversation.item.input_audio_transcription'

/** Times (`…_ms`) count the audio of the connection from its first sample. */
export const serverEvent = z.discriminatedUnion('type', [
  z.object({ ...head('session.created'), session: sessionObject }),
  z.object({ ...head('session.updated'), session: sessionObject }),
  z.object({ ...head('error'), error: errorObject }),
  z.object({ ...head('input_audio_buffer.speech_started'), item_id: z.string(), audio_start_ms: z.number() }),
  z.object({ ...head('input_audio_buffer.speech_stopped'), item_id: z.string(), audio_end_ms: z.number() }),
  z.object({
    ...head('input_audio_buffer.committed'),
    item_id: z.string(),
    previous_item_id: z.string().nullable(),
  }),
  z.object({ ...head('input_audio_buffer.cleared') }),
  z.object({ ...head('conversation.item.added'), item, previous_item_id: z.string().nullable() }),
  z.object({ ...head('conversation.item.done'), item, previous_item_id: z.string().nullable() }),
  z.object({
    ...head(`${transcription}.delta`),
    item_id: z.string(),
    content_index: z.literal(0),
    delta: z.string(),
  }),
  /** An empty transcript says that the sound held no words. */
  z.object({
    ...head(`${transcription}.completed`),
    item_id: z.string(),
    content_index: z.literal(0),
    transcript: z.string(),
    usage: z.object({ type: z.literal('duration'), seconds: z.number() }),
  }),
  z.object({
    ...head(`${transcription}.failed`),
    item_id: z.string(),
    content_index: z.literal(0),
    error: errorObject.omit({ event_id: true }),
  }),
])
export type ServerEvent = z.infer<typeof serverEvent>
export type SessionObject = z.infer<typeof sessionObject>
export type ErrorObject = z.infer<typeof errorObject>
