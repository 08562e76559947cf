import { z } from 'zod'
import { modelIdSchema } from './model-id.ts'

/** `request.json` of the service `tts`. */
export const ttsRequestSchema = z.object({
  kind: z.literal('speak'),
  text: z.string().min(1).max(200_000),
  model: modelIdSchema.optional(),
  /** One of the model's voices; `courante models show` lists them. */
  voice: z.string().max(100).optional(),
  /** 1 is the voice's own pace. */
  speed: z.number().min(0.5).max(2).optional(),
  /** `pcm16`: samples only, mono, little-endian. `mp3` and `opus` (in Ogg) need ffmpeg on the machine. */
  format: z.enum(['wav', 'pcm16', 'mp3', 'opus']).default('wav'),
  /** Tells the audio of each sentence in the stream as soon as it is there. */
  stream: z.boolean().default(false),
})
export type TtsRequest = z.infer<typeof ttsRequestSchema>
/** What a client writes: defaults may be left out. */
export type TtsRequestInput = z.input<typeof ttsRequestSchema>

/**
 * Lines of the stream: `sentence` as it begins, then its samples in pieces of at most a second, PCM16, mono,
 * little-endian, in base64.
 */
export const speechLineSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('sentence'), text: z.string(), sampleRate: z.number() }),
  z.object({ type: z.literal('audio'), pcm: z.base64() }),
])
export type SpeechLine = z.infer<typeof speechLineSchema>

/** What `result.json` says beside `ok` and `id`. */
export const spokenSchema = z.object({
  model: z.string(),
  voice: z.string(),
  /** The file beside the result: `speech.wav`, `.pcm`, `.mp3` or `.opus`. */
  file: z.string(),
  sampleRate: z.number(),
  audioSeconds: z.number(),
  sentences: z.number(),
  /** From the request to the first samples, and to the last, in the engine. */
  firstAudioMs: z.number(),
  elapsedMs: z.number(),
})
export type Spoken = z.infer<typeof spokenSchema>
