import { z } from 'zod'
import { programPath } from '../../../../models/programs.ts'
import { EngineError } from '../../../core/engine.ts'
import { badSettings } from '../../shared/faults.ts'
import { languageSchema } from '../language.ts'

const settingsSchema = z.object({
  /** An absolute path, where it is not the one that was built here, or that is on PATH. */
  program: z.string().optional(),
  language: languageSchema,
  /** Into English. */
  translate: z.boolean().default(false),
})

export interface WhisperSettings {
  readonly program: string
  /** `auto`: told by the model, for each utterance. */
  readonly language: string
  readonly translate: boolean
}

/** Throws `bad_settings`, and `missing_program`. */
export function whisperSettings(
  settings: Readonly<Record<string, unknown>>,
  languages: 'english' | 'many',
  env: Readonly<Record<string, string | undefined>>,
): WhisperSettings {
  const parsed = settingsSchema.safeParse(settings)
  if (!parsed.success) throw badSettings(z.prettifyError(parsed.error))
  const { language = languages === 'english' ? 'en' : 'auto', translate } = parsed.data
  if (languages === 'english' && language !== 'en')
    throw badSettings(`language: ${language}: the model knows English only`)
  const program = programPath('whisper-server', { env, settings: parsed.data })
  if (program === undefined) throw missing(parsed.data.program)
  return { program, language, translate }
}

function missing(program: string | undefined): EngineError {
  const detail =
    program === undefined
      ? 'it is neither built here nor on PATH'
      : `there is nothing that could be run at ${program}`
  const how = program === undefined ? 'build' : 'install'
  return new EngineError({ reason: 'missing_program', program: 'whisper-server', how, detail })
}
