import type { Io } from '../../lib/io.ts'
import type { KnownModel } from '../../models/inventory.ts'
import { modelsFilePath } from '../../models/models-file.ts'
import { lacksFamily } from '../../models/own-model.ts'
import { words } from './messages.ts'
import { neededModels } from './needed-models.ts'
import { programFor } from './needed-program.ts'
import type { Models } from './open.ts'

/** What a model needs that is not here, or that nobody has said, a sentence each. */
export function needWords(model: KnownModel, models: Models, io: Io): string[] {
  const { id, missing } = model
  const { where } = models
  const parts = neededModels(model, models).filter(() => missing.includes(model.files['vad'] ?? ''))
  const program = programFor(model, io)
  const lacks = program !== undefined && program.path === undefined
  return [
    ...parts.map(part => words.needsModel(id, part, where)),
    ...(lacksFamily(model) ? [words.needsFamily(id, modelsFilePath(models.home))] : []),
    ...(lacks ? [words.needsProgram(id, program, where)] : []),
  ]
}
