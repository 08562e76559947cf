import { z } from 'zod'
import { idSchema } from './ids.ts'

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
  /** Numbers of the message, for programs: `tokens` and `context` of `context_too_long`. */
  facts: z.record(z.string(), z.number()).optional(),
})
export type JobError = z.infer<typeof jobErrorSchema>

const failureSchema = z.object({ ok: z.literal(false), id: idSchema, error: jobErrorSchema })

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
  /** `loading`: its model is being loaded, `progress` from 0 to 1 of it; `waiting`: for memory that others use. */
  stage: z.enum(['waiting', 'loading', 'working']).optional(),
  model: z.string().optional(),
  progress: z.number().min(0).max(1).optional(),
  /** Where a session's frames go (lib/frames.ts). */
  socket: z.string().optional(),
})
export type Status = z.infer<typeof statusSchema>

/** A line of `stream.ndjson`: any JSON value that the service says. */
export const streamLineSchema = z.json()
