import { exit } from '../../lib/exit.ts'
import type { Io } from '../../lib/io.ts'
import { editModelsFile, unpin } from '../../models/edit-models-file.ts'
import { words } from './messages.ts'
import { openModels, parseModels, tell } from './open.ts'

/** Also takes back a pin of a model that is gone. */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  const { values, positionals } = parseModels('unpin', argv, {}, { least: 1, most: 1 })
  const models = await openModels(values, io, { edits: true })
  const id = positionals[0] ?? ''
  await editModelsFile(models.home, unpin(id))
  tell(io, values, { model: id, pinned: false }, words.unpinned(id))
  return exit.ok
}
