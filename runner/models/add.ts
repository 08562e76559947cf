import { exit } from '../../lib/exit.ts'
import type { Io } from '../../lib/io.ts'
import { ProblemError } from '../../lib/problem.ts'
import { editModelsFile, putModel } from '../../models/edit-models-file.ts'
import { parseHubRef } from '../../models/hub.ts'
import { modelName } from '../../models/source.ts'
import { networkOptions, withNetwork } from '../network.ts'
import { addEndpoint } from './add-endpoint.ts'
import { addFile, addFileByUrl } from './add-file.ts'
import { addFromHub } from './add-hub.ts'
import { problems, words } from './messages.ts'
import type { AddValues, NewEntry } from './new-entry.ts'
import { openModels, type Models, parseModels, tell, yesOption } from './open.ts'

const options = {
  ...yesOption,
  ...networkOptions,
  id: { type: 'string' },
  name: { type: 'string' },
  'key-env': { type: 'string' },
  kind: { type: 'string' },
} as const

/** Adds a model of the user's own: a GGUF file where it lies, one by its URL or out of a repository, or an endpoint. */
export async function run(argv: readonly string[], asked: Io): Promise<number> {
  const { values: given, positionals } = parseModels('add', argv, options, { least: 1, most: 1 })
  const io = withNetwork(given, asked)
  const values = { ...given, kind: checkKind(given.kind) }
  if (values.id !== undefined && !modelName.safeParse(values.id).success)
    throw new ProblemError(problems.badId(values.id))
  const models = await openModels(given, io, { edits: true })
  // Before a download, and not after it.
  await editModelsFile(models.home)
  const entry = await entryFor(positionals[0] ?? '', values, models, io)
  if (typeof entry === 'number') return entry
  await editModelsFile(models.home, putModel(entry))
  const isDefault = models.defaults[entry.kind] === entry.id
  tell(io, values, entry, isDefault ? '' : words.added(entry.id, entry.kind, models.where))
  return exit.ok
}

/** The exit code of a signal, where one came in between. */
async function entryFor(what: string, values: AddValues, models: Models, io: Io): Promise<NewEntry | number> {
  const url = /^https?:\/\//i.test(what) ? URL.parse(what) : null
  if (url !== null && /\/v\d+\/?$/.test(url.pathname)) return addEndpoint(url, values, models, io)
  for (const option of ['name', 'key-env'] as const) {
    if (values[option] !== undefined) throw new ProblemError(problems.onlyForEndpoint(`--${option}`))
  }
  if (url !== null && /\.gguf$/i.test(url.pathname)) return addFileByUrl(url, values, models, io)
  const ref = parseHubRef(what, io.env)
  if (ref !== undefined) return addFromHub(ref, values, models, io)
  if (/^[a-z]+:\/\//i.test(what)) throw new ProblemError(problems.badUrl(what))
  return addFile(what, values, models, io)
}

function checkKind(kind: string | undefined): 'llm' | 'embedding' | undefined {
  if (kind === undefined || kind === 'llm' || kind === 'embedding') return kind
  throw new ProblemError(problems.badKind(kind))
}
