import { z } from 'zod'
import { badSettings } from '../../shared/faults.ts'
import { languageSchema } from '../language.ts'

/** What a model is; only Whisper can be told its language. */
const settingsSchema = z.object({
  family: z.enum(['whisper', 'parakeet', 'zipformer']),
  language: languageSchema,
})
export type SherpaSettings = z.infer<typeof settingsSchema>

/** Throws `bad_settings`. */
export function sherpaSettings(settings: Readonly<Record<string, unknown>>): SherpaSettings {
  const parsed = settingsSchema.safeParse(settings)
  if (!parsed.success) throw badSettings(z.prettifyError(parsed.error))
  return parsed.data
}
