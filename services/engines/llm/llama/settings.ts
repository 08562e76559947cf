import { z } from 'zod'
import { EngineError } from '../../../core/engine.ts'

const settingsSchema = z.object({
  /** Tokens of one sequence; without it, what the model was trained on, up to 4096. */
  contextSize: z.number().int().min(64).optional(),
  /** Requests at once. */
  sequences: z.number().int().min(1).max(64).default(4),
  // How the model samples where a request says nothing.
  temperature: z.number().min(0).max(2).optional(),
  topP: z.number().gt(0).max(1).optional(),
  topK: z.number().int().min(0).optional(),
  minP: z.number().min(0).max(1).optional(),
  repeatPenalty: z.number().positive().max(2).optional(),
})
export type LlamaSettings = z.infer<typeof settingsSchema>

/** Throws `bad_settings`. */
export function parseSettings(settings: Readonly<Record<string, unknown>>): LlamaSettings {
  const parsed = settingsSchema.safeParse(settings)
  if (parsed.success) return parsed.data
  const detail = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ')
  throw new EngineError({ reason: 'bad_settings', detail })
}
