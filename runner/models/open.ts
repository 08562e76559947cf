import { userInfo } from 'node:os'
import { join, resolve } from 'node:path'
import type { ParseArgsOptionsConfig } from 'node:util'
import type { Io } from '../../lib/io.ts'
import { type Problem, ProblemError } from '../../lib/problem.ts'
import { Inventory, type InventoryView, type KnownModel } from '../../models/inventory.ts'
import { knownRun, runContext, type WhereValues } from '../run-context.ts'
import { parseSubcommand } from '../subcommand.ts'
import { type CoreView, readCore } from '../../models/core-view.ts'
import { modelsFilePath } from '../../models/models-file.ts'
import { lacksFamily } from '../../models/own-model.ts'
import { problems, words } from './messages.ts'
import { neededModels } from './needed-models.ts'
import { type Subcommand, usages } from './usages.ts'

/** The models of one run, as of now. */
export interface Models extends InventoryView {
  readonly inventory: Inventory
  readonly home: string
  readonly modelsDir: string
  /** From where npm is asked. */
  readonly dir: string
  readonly spool: string
  readonly user: string
  /** Undefined: it is not running. */
  readonly core: CoreView | undefined
  /** The --stack and --home that were given, with a blank before: for the commands that a message names. */
  readonly where: string
}

/**
 * Looks at them; what is wrong with models.yaml is told on stderr. Not where the command `edits` it: that may be the cure,
 * and if it can't be done, the same is told as the reason.
 */
export async function openModels(
  values: WhereValues,
  io: Io,
  { edits = false }: { readonly edits?: boolean } = {},
): Promise<Models> {
  const places = await placesOf(values, io)
  const inventory = new Inventory({ ...places, env: io.env })
  const view = inventory.look()
  if (!edits) for (const fault of view.faults) io.stderr.write(words.note(fault))
  const given = (['stack', 'home'] as const).map(name => (values[name] ? ` --${name} ${values[name]}` : ''))
  return {
    ...view,
    ...places,
    inventory,
    spool: join(places.home, 'portals'),
    user: userInfo().username,
    core: readCore(places.home),
    where: given.join(''),
  }
}

const root = join(import.meta.dirname, '../..')

async function placesOf(values: WhereValues, io: Io) {
  const models = io.env['COURANTE_MODELS']
  const usual = resolve(io.cwd, models ?? join(root, 'models/files'))
  try {
    const { places, loaded } = await runContext(values, io)
    const llm = loaded.stack.language_model
    return { home: places.home, modelsDir: places.models, dir: places.dir, llm }
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error
    // A home that is named needs no stack file; and one that is broken by now must not lock anybody out of what runs.
    const home = values.home === undefined ? (await knownRun(values, io)).home : resolve(io.cwd, values.home)
    return { home, modelsDir: usual, dir: io.cwd, llm: undefined }
  }
}

export function parseModels<O extends ParseArgsOptionsConfig>(
  name: Subcommand,
  argv: readonly string[],
  options: O,
  words: { readonly least: number; readonly most: number },
) {
  const usage = usages[name]
  return parseSubcommand(argv, {
    usage,
    options: { ...jsonOption, ...options },
    words,
    missing: 'say which model.',
  })
}

const jsonOption = { json: { type: 'boolean' } } as const

export const yesOption = { yes: { type: 'boolean', short: 'y' } } as const

/** npm takes `--yes` for itself and passes it on as a variable; CI has nobody to ask. */
export function isGranted(values: { readonly yes?: boolean | undefined }, io: Io): boolean {
  return values.yes === true || io.env['npm_config_yes'] === 'true' || io.env['CI'] === 'true'
}

/** The model of that id, or a problem that names those that may have been meant. */
export function findModel(models: Models, id: string): KnownModel {
  const model = models.models.get(id)
  if (model !== undefined) return model
  const like = [...models.models.keys()].filter(other => isLike(other, id))
  throw new ProblemError(problems.unknownModel(id, like, models.where))
}

/** The same, and it can be loaded. */
export function usableModel(models: Models, id: string): KnownModel {
  const model = findModel(models, id)
  if (model.engine === '') throw new ProblemError(problems.partOnly(id))
  if (!model.installed) throw new ProblemError(notInstalled(models, model))
  if (lacksFamily(model)) throw new ProblemError(problems.noFamily(id, modelsFilePath(models.home)))
  return model
}

/** What is missing of the user's own may be a part that can be pulled. */
export function notInstalled(models: Models, model: KnownModel): Problem {
  const isOurs = (path: string): boolean =>
    neededModels(model, models).some(id => path.startsWith(join(models.modelsDir, id)))
  return problems.notInstalled(model, model.missing.every(isOurs), models.where)
}

function isLike(id: string, text: string): boolean {
  const [whole, part] = [id, text].map(one => one.toLowerCase().replaceAll(/[^a-z0-9]/g, ''))
  return (
    whole !== undefined && part !== undefined && part !== '' && (whole.includes(part) || part.includes(whole))
  )
}

export function residentOf({ core }: Models, id: string) {
  return core?.models.find(model => model.id === id)
}

/** The answer of a subcommand: as JSON, or in words. */
export function tell(
  io: Io,
  values: { readonly json?: boolean | undefined },
  json: object,
  text: string,
): void {
  io.stdout.write(values.json === true ? `${JSON.stringify(json, null, 2)}\n` : text)
}
