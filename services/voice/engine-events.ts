import { z } from 'zod'

/** What an engine says on a session's socket. Times are ms of audio since that session's start. */
export const engineEvent = z.discriminatedUnion('type', [
  z.object({ type: z.literal('speech_started'), item: z.string(), atMs: z.number() }),
  z.object({ type: z.literal('speech_stopped'), item: z.string(), atMs: z.number() }),
  /** All that is written of an utterance that goes on; what is said later may correct it. */
  z.object({ type: z.literal('partial'), item: z.string(), text: z.string() }),
  z.object({
    type: z.literal('final'),
    item: z.string(),
    text: z.string(),
    startMs: z.number(),
    endMs: z.number(),
  }),
  /** The sound held no words. */
  z.object({ type: z.literal('dropped'), item: z.string() }),
  /** Answers a commit; null: nothing was there. */
  z.object({ type: z.literal('committed'), item: z.string().nullable() }),
  /** The last one, after `end`; then the engine closes. */
  z.object({ type: z.literal('ended'), utterances: z.number(), audioSeconds: z.number() }),
])
export type EngineEvent = z.infer<typeof engineEvent>

/** What a session says to the engine beside its audio. */
export type EngineControl = { readonly type: 'commit' | 'clear' | 'end' }
