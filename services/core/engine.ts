import { z } from 'zod'

/**
 * What core and an engine's child process say to each other over the fork's channel. An engine loads one model, works on
 * the jobs it is given, answers each exactly once, and exits by itself when the channel closes: core is gone then.
 */
export type ToEngine =
  | {
      type: 'load'
      /** Absolute path of the models' folder. */
      models: string
      threads: number
    }
  | { type: 'transcribe'; job: string; path: string }
  | { type: 'session'; job: string; socket: string; sampleRate: number; endpointMs: number }
  /** Ends a job early; it is still answered. */
  | { type: 'cancel'; job: string }

const segmentSchema = z.object({ start: z.number(), end: z.number(), text: z.string() })

/** Why an engine could not do a job although it is well. Words for it are core's. */
const failureSchema = z.discriminatedUnion('reason', [
  z.object({
    reason: z.literal('bad_audio'),
    fault: z.enum(['missing', 'empty', 'not_wav', 'truncated', 'no_audio', 'encoding', 'too_long']),
  }),
  z.object({ reason: z.literal('cancelled') }),
  z.object({ reason: z.literal('no_client') }),
  z.object({ reason: z.literal('bad_frames') }),
  z.object({ reason: z.literal('internal'), detail: z.string() }),
])
export type EngineFailure = z.infer<typeof failureSchema>

export const fromEngineSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('loaded'), ms: z.number() }),
  /** Files of the model that are not there; the engine waits for another `load`. */
  z.object({ type: z.literal('missing'), files: z.array(z.string()) }),
  /** A session's socket can be connected to. */
  z.object({ type: z.literal('listening'), job: z.string() }),
  z.object({
    type: z.literal('transcribed'),
    job: z.string(),
    text: z.string(),
    segments: z.array(segmentSchema),
    audioSeconds: z.number(),
    elapsedMs: z.number(),
  }),
  z.object({
    type: z.literal('session-ended'),
    job: z.string(),
    utterances: z.number(),
    audioSeconds: z.number(),
  }),
  z.object({ type: z.literal('failed'), job: z.string(), failure: failureSchema }),
  /** Resident memory in bytes, told after a load and after each job. */
  z.object({ type: z.literal('memory'), rss: z.number() }),
])
export type FromEngine = z.infer<typeof fromEngineSchema>
export type EngineAnswer = Extract<FromEngine, { type: 'transcribed' | 'session-ended' | 'failed' }>

/** The program of an engine, by path: core never imports one. */
export interface EngineSpec {
  /** `stt` in the log. */
  readonly name: string
  readonly model: string
  /** Absolute path of the child's program. */
  readonly program: string
}
