import { exit } from '../../lib/exit.ts'
import type { Io } from '../../lib/io.ts'
import { editModelsFile, pin } from '../../models/edit-models-file.ts'
import { words } from './messages.ts'
import { openModels, parseModels, tell, usableModel } from './open.ts'

/** Has core load a model at its start and keep it: it is never unloaded to make room, nor for being idle. */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  const { values, positionals } = parseModels('pin', argv, {}, { least: 1, most: 1 })
  const models = await openModels(values, io, { edits: true })
  const { id } = usableModel(models, positionals[0] ?? '')
  await editModelsFile(models.home, pin(id))
  tell(io, values, { model: id, pinned: true }, words.pinnedNow(id))
  return exit.ok
}
