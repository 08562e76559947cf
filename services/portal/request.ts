import { z } from 'zod'
import { idSchema } from './ids.ts'

/** A file of the request's own folder: a plain name, so that no request can point at anything else. */
const fileNameSchema = z
  .string()
  .max(255)
  .regex(/^[^/\\\0]+$/)
  .refine(name => !name.startsWith('.'), 'must not start with a dot')

const transcribeSchema = z.object({
  kind: z.literal('transcribe'),
  file: fileNameSchema,
  model: z.string().max(64).optional(),
})

const sessionSchema = z.object({
  kind: z.literal('session'),
  sampleRate: z.number().int().min(8000).max(48000),
  /** The silence after which an utterance counts as finished. */
  endpointMs: z.number().int().min(200).max(2000).default(500),
})

/** `request.json` of the service `stt`. */
export const sttRequestSchema = z.discriminatedUnion('kind', [transcribeSchema, sessionSchema])
export type SttRequest = z.infer<typeof sttRequestSchema>
/** What a client writes: defaults may be left out. */
export type SttRequestInput = z.input<typeof sttRequestSchema>

/** What any service's request may say beside its own. */
export const envelopeSchema = z.looseObject({
  /** Seconds since 1970. A job that is not done by then is answered with the error `deadline`. */
  deadline: z.number().positive().optional(),
})

export const jobErrorSchema = z.object({
  code: z.string(),
  message: z.string(),
  todo: z.string().optional(),
  /** Seconds after which it is worth trying again. */
  retryAfter: z.number().positive().optional(),
})
export type JobError = z.infer<typeof jobErrorSchema>

const failureSchema = z.object({ ok: z.literal(false), id: idSchema, error: jobErrorSchema })

/** Times in seconds from the start of the recording. */
const segmentSchema = z.object({ start: z.number(), end: z.number(), text: z.string() })

export const transcriptionSchema = z.object({
  ok: z.literal(true),
  id: idSchema,
  text: z.string(),
  segments: z.array(segmentSchema),
  model: z.string(),
  audioSeconds: z.number(),
  elapsedMs: z.number(),
})

/** Any `result.json`: a failure, or a success whose body the kind of request defines. */
export const resultSchema = z.discriminatedUnion('ok', [
  failureSchema,
  z.looseObject({ ok: z.literal(true), id: idSchema }),
])
export type Result = z.infer<typeof resultSchema>

/** `live/<id>/status.json`. */
export const statusSchema = z.looseObject({
  state: z.literal('running'),
  attempt: z.number().int().positive().optional(),
  /** Where a session's frames go (lib/frames.ts). */
  socket: z.string().optional(),
})
export type Status = z.infer<typeof statusSchema>

/** A line of `stream.ndjson`: any JSON value that the service says. */
export const streamLineSchema = z.json()
