import { dirname, join, sep } from 'node:path'
import { exit } from '../../lib/exit.ts'
import { exitCodeOf, type Io } from '../../lib/io.ts'
import { ProblemError } from '../../lib/problem.ts'
import { dropModel, editModelsFile, forget } from '../../models/edit-models-file.ts'
import type { KnownModel } from '../../models/inventory.ts'
import { forgetModel, readLock } from '../../models/lock-file.ts'
import { modelsFilePath } from '../../models/models-file.ts'
import { ownPaths } from '../../models/own-model.ts'
import { partsOf } from '../../models/parts.ts'
import { catalogFiles, isThere, type ModelFiles, removeFiles } from '../../models/removal.ts'
import { memory } from '../console/units.ts'
import { isTerminal } from '../is-terminal.ts'
import { problems, words } from './messages.ts'
import {
  findModel,
  type Models,
  notInstalled,
  openModels,
  parseModels,
  residentOf,
  yesOption,
} from './open.ts'
import { confirm } from '../prompt.ts'

/** What will go, and what stays. */
interface Removal extends ModelFiles {
  readonly entry: boolean
}

/** Removes a model: files that lie in our own folder, an entry of the user's; never the file of another program. */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  const { values, positionals } = parseModels('rm', argv, yesOption, { least: 1, most: 1 })
  const models = await openModels(values, io, { edits: true })
  const id = positionals[0] ?? ''
  if (!models.models.has(id) && readLock(models.modelsDir).models[id] !== undefined) {
    // Its entry was taken out by hand; without this, its address would be held for ever to what it once sent.
    await forgetModel(models.modelsDir, id)
    const nothing = { removed: id, files: [], entry: false, stays: null }
    io.stdout.write(values.json === true ? `${JSON.stringify(nothing, null, 2)}\n` : words.forgotten(id))
    return exit.ok
  }
  const model = findModel(models, id)
  const removal = removalOf(model, models)
  // Nobody to ask, as in CI, is no reason to delete.
  const isAgreed = values.yes === true || io.env['npm_config_yes'] === 'true'
  const lines = describe(model, removal, models)
  if (!isAgreed) {
    if (values.json === true || !isTerminal(io)) throw new ProblemError(problems.cannotAsk(lines.join('\n')))
    io.stdout.write(`${lines.join('\n')}\n`)
    const agreed = await confirm(words.askRemove, io)
    if (io.signal.aborted) return exitCodeOf(String(io.signal.reason))
    if (!agreed) throw new ProblemError(problems.declined())
  }
  await carryOut(model, removal, models)
  if (values.json === true) {
    const { files, entry, stays } = removal
    io.stdout.write(`${JSON.stringify({ removed: model.id, files, entry, stays: stays ?? null }, null, 2)}\n`)
    return exit.ok
  }
  if (isAgreed && removal.stays !== undefined) io.stdout.write(`${words.leaves(removal.stays)}\n`)
  io.stdout.write(words.removed(model.id))
  const next = models.inventory.look().defaults[model.kind]
  if (next === model.id) io.stdout.write(words.stillChosen(model.id))
  else if (models.defaults[model.kind] === model.id) io.stdout.write(words.wasDefault(model.kind, next))
  return exit.ok
}

function removalOf(model: KnownModel, models: Models): Removal {
  const { id, origin } = model
  if (origin === 'shipped') throw new ProblemError(problems.shipped(id))
  if (origin === 'ollama' || origin === 'lmstudio' || origin === 'huggingface')
    throw new ProblemError(problems.foreign(id, words.programs[origin], model.files['model'] ?? ''))
  if (residentOf(models, id) !== undefined) throw new ProblemError(problems.resident(id, models.where))
  if (origin === 'yours') {
    const folder = join(models.modelsDir, id)
    const paths = ownPaths(model, models.modelsDir)
    const ours = paths.filter(path => path.startsWith(folder + sep))
    const [first] = paths
    // Of several files, as of a folder that was added whole, the folder.
    const stays = first === undefined || paths.length === 1 ? first : dirname(first)
    if (ours.length === 0) return { files: [], folder: undefined, entry: true, stays }
    return { files: ours.flatMap(partsOf).filter(isThere), folder, entry: true, stays: undefined }
  }
  const found = catalogFiles(id, models.inventory.catalog, models)
  if (found === undefined) throw new ProblemError(notInstalled(models, model))
  return { ...found, entry: false }
}

function describe(model: KnownModel, { files, entry, stays }: Removal, models: Models): string[] {
  const goes = (path: string): boolean => files.some(file => path === file || path.startsWith(file + sep))
  const needing = [...models.models.values()].filter(
    other => other !== model && other.installed && Object.values(other.files).some(goes),
  )
  return [
    ...(files.length === 0
      ? []
      : [words.removeFiles(model.id, dirname(files[0] ?? ''), memory(model.bytes))]),
    ...(entry ? [words.removeEntry(model.id, modelsFilePath(models.home))] : []),
    ...(stays === undefined ? [] : [words.leaves(stays)]),
    ...(needing.length === 0 ? [] : [words.neededBy(needing.map(({ id }) => id))]),
  ]
}

/** The entry first: what is left after a failure is a file too many, and no model without its file. */
async function carryOut(model: KnownModel, removal: Removal, models: Models): Promise<void> {
  const isNamed = model.pinned || models.defaults[model.kind] === model.id
  const { entry } = removal
  if (entry || isNamed) await editModelsFile(models.home, entry ? dropModel(model.id) : forget(model.id))
  const stuck = await removeFiles(model.id, removal, models.modelsDir)
  if (stuck !== undefined)
    throw new ProblemError(problems.notRemoved(stuck.path, stuck.code), { cause: stuck.error })
}
