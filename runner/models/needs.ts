import type { Io } from '../../lib/io.ts'
import type { KnownModel } from '../../models/inventory.ts'
import { words } from './messages.ts'
import { neededModels } from './needed-models.ts'
import { programFor } from './needed-program.ts'
import type { Models } from './open.ts'

/** What a model needs that is not here, a sentence each. */
export function needWords(model: KnownModel, models: Models, io: Io): string[] {
  const { id, missing } = model
  const { where } = models
  const parts = neededModels(model, models).filter(() => missing.includes(model.files['vad'] ?? ''))
  const program = programFor(model, io)
  const lacks = program !== undefined && program.path === undefined
  return [
    ...parts.map(part => words.needsModel(id, part, where)),
    ...(lacks ? [words.needsProgram(id, program, where)] : []),
  ]
}
