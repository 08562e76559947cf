import { exit } from '../../lib/exit.ts'
import type { Io } from '../../lib/io.ts'
import { editModelsFile, setDefault } from '../../models/edit-models-file.ts'
import { table } from '../portal/text.ts'
import { words } from './messages.ts'
import { openModels, parseModels, tell, usableModel } from './open.ts'

/** What is used of a kind where a request names no model; without an id, it tells what that is now. */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  const { values, positionals } = parseModels('default', argv, {}, { least: 0, most: 1 })
  const models = await openModels(values, io, { edits: true })
  const [id] = positionals
  if (id === undefined) {
    tell(io, values, models.defaults, `${table(Object.entries(models.defaults)).join('\n')}\n`)
    return exit.ok
  }
  const { kind } = usableModel(models, id)
  await editModelsFile(models.home, setDefault(kind, id))
  tell(io, values, { model: id, kind }, words.defaultNow(id, kind))
  return exit.ok
}
