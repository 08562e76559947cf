import { z } from 'zod'
import { fileNameSchema } from './file-name.ts'
import { modelIdSchema } from './model-id.ts'

const transcribeSchema = z.object({
  kind: z.literal('transcribe'),
  /** A recording in the request's folder: WAV, or with ffmpeg on the machine any format that it reads. */
  file: fileNameSchema,
  model: modelIdSchema.optional(),
})

const sessionSchema = z.object({
  kind: z.literal('session'),
  sampleRate: z.number().int().min(8000).max(48000),
  /** The silence after which an utterance counts as finished. */
  endpointMs: z.number().int().min(200).max(2000).default(500),
  model: modelIdSchema.optional(),
})

/** `request.json` of the service `stt`. */
export const sttRequestSchema = z.discriminatedUnion('kind', [transcribeSchema, sessionSchema])
export type SttRequest = z.infer<typeof sttRequestSchema>
/** What a client writes: defaults may be left out. */
export type SttRequestInput = z.input<typeof sttRequestSchema>

/** Times in seconds from the start of the recording. */
const segmentSchema = z.object({ start: z.number(), end: z.number(), text: z.string() })

/** A line of the stream of a transcription: one utterance. */
export const segmentLineSchema = segmentSchema.extend({ type: z.literal('segment') })
export type SegmentLine = z.infer<typeof segmentLineSchema>

/** What a transcription's `result.json` says beside `ok` and `id`. */
export const transcriptionSchema = z.object({
  text: z.string(),
  segments: z.array(segmentSchema),
  model: z.string(),
  audioSeconds: z.number(),
  elapsedMs: z.number(),
})
