import { lstatSync } from 'node:fs'
import { dirname, join, sep } from 'node:path'
import { exit } from '../../lib/exit.ts'
import { exitCodeOf, type Io } from '../../lib/io.ts'
import { ProblemError } from '../../lib/problem.ts'
import { dropModel, editModelsFile, forget } from '../../models/edit-models-file.ts'
import type { KnownModel } from '../../models/inventory.ts'
import { forgetModel } from '../../models/lock-file.ts'
import { modelsFilePath } from '../../models/models-file.ts'
import { ownPaths } from '../../models/own-model.ts'
import { partsOf } from '../../models/parts.ts'
import { catalogFiles, isThere, leftFiles, type ModelFiles, removeFiles } from '../../models/removal.ts'
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
  /** Undefined: its entry is gone, or never came to be; what was downloaded for it is here. */
  readonly model: KnownModel | undefined
  readonly bytes: number
  readonly entry: boolean
}

/** Removes a model: files that lie in our own folder, an entry of the user's; never the file of another program. */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  const { values, positionals } = parseModels('rm', argv, yesOption, { least: 1, most: 1 })
  const models = await openModels(values, io, { edits: true })
  const id = positionals[0] ?? ''
  const left = models.models.has(id) ? undefined : leftFiles(id, models.modelsDir)
  const removal = left === undefined ? removalOf(findModel(models, id), models) : ofDownload(left)
  if (residentOf(models, id) !== undefined) throw new ProblemError(problems.resident(id, models.where))
  const { model, files, entry, stays } = removal
  const told = `${JSON.stringify({ removed: id, files, entry, stays: stays ?? null }, null, 2)}\n`
  if (model === undefined && files.length === 0) {
    // Without this, its address would be held for ever to what it once sent.
    await forgetModel(models.modelsDir, id)
    io.stdout.write(values.json === true ? told : words.forgotten(id))
    return exit.ok
  }
  // Nobody to ask, as in CI, is no reason to delete.
  const isAgreed = values.yes === true || io.env['npm_config_yes'] === 'true'
  const lines = describe(id, removal, models)
  if (!isAgreed) {
    if (values.json === true || !isTerminal(io)) throw new ProblemError(problems.cannotAsk(lines.join('\n')))
    io.stdout.write(`${lines.join('\n')}\n`)
    const agreed = await confirm(words.askRemove, io)
    if (io.signal.aborted) return exitCodeOf(String(io.signal.reason))
    if (!agreed) throw new ProblemError(problems.declined())
  }
  await carryOut(id, removal, models)
  if (values.json === true) {
    io.stdout.write(told)
    return exit.ok
  }
  if (isAgreed && stays !== undefined) io.stdout.write(`${words.leaves(stays)}\n`)
  io.stdout.write(words.removed(id))
  if (model === undefined) return exit.ok
  const next = models.inventory.look().defaults[model.kind]
  if (next === id) io.stdout.write(words.stillChosen(id))
  else if (models.defaults[model.kind] === id) io.stdout.write(words.wasDefault(model.kind, next))
  return exit.ok
}

function ofDownload(left: ModelFiles): Removal {
  const bytes = left.files.reduce((sum, path) => sum + lstatSync(path).size, 0)
  return { ...left, model: undefined, bytes, entry: false }
}

function removalOf(model: KnownModel, models: Models): Removal {
  const { id, origin, bytes } = model
  if (origin === 'shipped') throw new ProblemError(problems.shipped(id))
  if (origin === 'ollama' || origin === 'lmstudio' || origin === 'huggingface')
    throw new ProblemError(problems.foreign(id, words.programs[origin], model.files['model'] ?? ''))
  if (origin === 'yours') return { ...ownFiles(model, models.modelsDir), model, bytes, entry: true }
  const found = catalogFiles(id, models.inventory.catalog, models)
  if (found === undefined) throw new ProblemError(notInstalled(models, model))
  return { ...found, model, bytes, entry: false }
}

function ownFiles(model: KnownModel, modelsDir: string): ModelFiles {
  const folder = join(modelsDir, model.id)
  const paths = ownPaths(model, modelsDir)
  const ours = paths.filter(path => path.startsWith(folder + sep))
  const [first] = paths
  // Of several files, as of a folder that was added whole, the folder.
  const stays = first === undefined || paths.length === 1 ? first : dirname(first)
  if (ours.length === 0) return { files: [], folder: undefined, stays }
  return { files: ours.flatMap(partsOf).filter(isThere), folder, stays: undefined }
}

function describe(id: string, { model, bytes, files, entry, stays }: Removal, models: Models): string[] {
  const goes = (path: string): boolean => files.some(file => path === file || path.startsWith(file + sep))
  const needing = [...models.models.values()].filter(
    other => other !== model && other.installed && Object.values(other.files).some(goes),
  )
  return [
    ...(files.length === 0 ? [] : [words.removeFiles(id, dirname(files[0] ?? ''), memory(bytes))]),
    ...(entry ? [words.removeEntry(id, modelsFilePath(models.home))] : []),
    ...(stays === undefined ? [] : [words.leaves(stays)]),
    ...(needing.length === 0 ? [] : [words.neededBy(needing.map(({ id }) => id))]),
  ]
}

/** The entry first: what is left after a failure is a file too many, and no model without its file. */
async function carryOut(id: string, removal: Removal, models: Models): Promise<void> {
  const { model, entry } = removal
  const isNamed = model !== undefined && (model.pinned || models.defaults[model.kind] === id)
  if (entry || isNamed) await editModelsFile(models.home, entry ? dropModel(id) : forget(id))
  const stuck = await removeFiles(id, removal, models.modelsDir)
  if (stuck !== undefined)
    throw new ProblemError(problems.notRemoved(stuck.path, stuck.code), { cause: stuck.error })
}
