import { z } from 'zod'
import { modelIdSchema } from './model-id.ts'

const side = z.number().int().min(64).max(4096).multipleOf(8)

/** `request.json` of the service `image`. What is left out is as the engine finds best for the model. */
export const imageRequestSchema = z.object({
  kind: z.literal('paint'),
  prompt: z.string().min(1).max(20_000),
  /** What shall not be in it; models without guidance (turbo ones) take no notice of it. */
  negativePrompt: z.string().max(20_000).optional(),
  model: modelIdSchema.optional(),
  width: side.optional(),
  height: side.optional(),
  steps: z.number().int().min(1).max(150).optional(),
  /** Classifier-free guidance: how closely the prompt is followed. 1 is none. */
  guidance: z.number().min(0).max(30).optional(),
  /** By its name in the engine, such as `euler_a`. */
  sampler: z.string().max(100).optional(),
  /** Of the first picture; the next ones have the numbers after it. The same seed and parameters give the same picture. */
  seed: z.number().int().min(0).max(0xffff_ffff).optional(),
  count: z.number().int().min(1).max(16).default(1),
})
export type ImageRequest = z.infer<typeof imageRequestSchema>
/** What a client writes: defaults may be left out. */
export type ImageRequestInput = z.input<typeof imageRequestSchema>

/** A line of the stream: a step is done, of picture number `image` (from 1) of `images`. Engines that can't count leave it out. */
export const paintLineSchema = z.object({
  type: z.literal('step'),
  step: z.number(),
  steps: z.number(),
  image: z.number(),
  images: z.number(),
})
export type PaintLine = z.infer<typeof paintLineSchema>

/** What `result.json` says beside `ok` and `id`: the PNG files beside it, and what they were made with. */
export const paintedSchema = z.object({
  model: z.string(),
  images: z.array(
    z.object({
      /** `image-1.png` and so on. */
      file: z.string(),
      /** Undefined where the engine does not tell it. */
      seed: z.number().optional(),
      width: z.number(),
      height: z.number(),
    }),
  ),
  prompt: z.string(),
  negativePrompt: z.string().optional(),
  steps: z.number().optional(),
  guidance: z.number().optional(),
  sampler: z.string().optional(),
  /** What the engine made of the prompt, where it does that. */
  revisedPrompt: z.string().optional(),
  elapsedMs: z.number(),
})
export type Painted = z.infer<typeof paintedSchema>
