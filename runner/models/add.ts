import { exit } from '../../lib/exit.ts'
import type { Io } from '../../lib/io.ts'
import { ProblemError } from '../../lib/problem.ts'
import { editModelsFile, putModel } from '../../models/edit-models-file.ts'
import { parseHubRef } from '../../models/hub.ts'
import { languageCode, ownId, ownKinds } from '../../models/own-entry.ts'
import { networkOptions, withNetwork } from '../network.ts'
import { addEndpoint } from './add-endpoint.ts'
import { addFile, addFileByUrl } from './add-file.ts'
import { addFromHub } from './add-hub.ts'
import { addPython } from './add-python.ts'
import { problems, words } from './messages.ts'
import { needWords } from './needs.ts'
import type { AddValues, NewEntry } from './new-entry.ts'
import { openModels, type Models, parseModels, tell, yesOption } from './open.ts'

const options = {
  ...yesOption,
  ...networkOptions,
  id: { type: 'string' },
  name: { type: 'string' },
  'key-env': { type: 'string' },
  kind: { type: 'string' },
  language: { type: 'string' },
  voice: { type: 'string' },
  vision: { type: 'string' },
  api: { type: 'string' },
  file: { type: 'string', multiple: true },
} as const

/** Adds a model of the user's own: a file or folder where it lies, one by its URL or out of a repository, an endpoint. */
export async function run(argv: readonly string[], asked: Io): Promise<number> {
  const { values: given, positionals } = parseModels('add', argv, options, { least: 1, most: 1 })
  const io = withNetwork(given, asked)
  const { api, kind } = given
  const values = { ...given, kind: oneOf(ownKinds, kind, '--kind'), api: oneOf(apis, api, '--api') }
  checkValues(values)
  const models = await openModels(given, io, { edits: true })
  // Before a download, and not after it.
  await editModelsFile(models.home)
  const entry = await entryFor(positionals[0] ?? '', values, models, io)
  if (typeof entry === 'number') return entry
  await editModelsFile(models.home, putModel(entry))
  const isDefault = models.defaults[entry.kind] === entry.id
  tell(io, values, entry, isDefault ? '' : words.added(entry.id, entry.kind, models.where))
  const model = models.inventory.look().models.get(entry.id)
  if (model !== undefined) for (const need of needWords(model, models, io)) io.stderr.write(words.note(need))
  return exit.ok
}

/** Before anything is asked or downloaded: what is written must be what models.yaml can have. */
function checkValues({ id, language, name, voice }: AddValues): void {
  if (id !== undefined && !ownId.safeParse(id).success) throw new ProblemError(problems.badId(id))
  if (language !== undefined && !languageCode.test(language))
    throw new ProblemError(problems.badLanguage(language))
  for (const [option, value] of Object.entries({ name, voice }))
    if (value === '') throw new ProblemError(problems.emptyOption(`--${option}`))
}

/** The exit code of a signal, where one came in between. */
async function entryFor(what: string, values: AddValues, models: Models, io: Io): Promise<NewEntry | number> {
  const url = /^https?:\/\//i.test(what) ? URL.parse(what) : null
  if (url !== null && (values.api !== undefined || /\/v\d+\/?$/.test(url.pathname)))
    return addEndpoint(url, values, models, io)
  for (const option of ['name', 'key-env', 'api'] as const) {
    if (values[option] !== undefined) throw new ProblemError(problems.onlyForEndpoint(`--${option}`))
  }
  if (/\.py$/i.test(what) && url === null) return addPython(what, values, models, io)
  if (values.file !== undefined) throw new ProblemError(problems.onlyForPython())
  if (url !== null && /\.(gguf|bin|safetensors)$/i.test(url.pathname))
    return addFileByUrl(url, values, models, io)
  const ref = parseHubRef(what, io.env)
  if (ref !== undefined) return addFromHub(ref, values, models, io)
  if (/^[a-z]+:\/\//i.test(what)) throw new ProblemError(problems.badUrl(what))
  return addFile(what, values, models, io)
}

const apis = ['automatic1111'] as const

function oneOf<T extends string>(
  known: readonly T[],
  value: string | undefined,
  option: string,
): T | undefined {
  const found = known.find(one => one === value)
  if (value !== undefined && found === undefined)
    throw new ProblemError(problems.badChoice(option, value, known))
  return found
}
