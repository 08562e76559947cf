import { exit } from '../../lib/exit.ts'
import type { Io } from '../../lib/io.ts'
import type { KnownModel } from '../../models/inventory.ts'
import { lacksFamily } from '../../models/own-model.ts'
import { sourceAddress } from '../../models/source.ts'
import { duration, memory } from '../console/units.ts'
import { plain } from '../../lib/plain.ts'
import { table } from '../portal/text.ts'
import { words } from './messages.ts'
import { programFor } from './needed-program.ts'
import { findModel, type Models, openModels, parseModels, residentOf } from './open.ts'
import { asJson, memoryWords, sizeWords, stateWords } from './state.ts'

/** All that is known of one model. */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  const { values, positionals } = parseModels('show', argv, {}, { least: 1, most: 1 })
  const models = await openModels(values, io)
  const model = findModel(models, positionals[0] ?? '')
  const entry = models.inventory.catalog.get(model.id)
  const { parameters, context, dimensions, notes, needs, from } = entry ?? {}
  if (values.json === true) {
    const json = { ...asJson(models, model), parameters, context, dimensions, notes, needs, from }
    io.stdout.write(`${JSON.stringify(json, null, 2)}\n`)
    return exit.ok
  }
  const program = programFor(model, io)
  const facts: readonly (readonly [string, string | undefined])[] = [
    ['model', `${model.id}: ${plain(model.title)}`],
    ['kind', model.kind],
    ['used', models.defaults[model.kind] === model.id ? words.isDefault(model.kind) : undefined],
    ['licence', plain(model.licence)],
    ['note', notes],
    ['parameters', parameters],
    ['context', context === undefined ? undefined : `${context} tokens`],
    ['dimensions', dimensions?.toString()],
    ['origin', words.origins[model.origin]],
    ['source', sourceOf(model, models)],
    ['size', sizeWords(model)],
    ['engine', model.engine === '' ? words.partOfOthers : model.engine],
    ['program', program === undefined ? undefined : words.program(program)],
    ['pictures', model.vision ? words.seesPictures : undefined],
    ['state', model.installed ? stateWords(models, model) : words.notInstalled],
    ['memory', memoryWords(models, model)],
    ['unloaded', idleWords(model, models)],
    ...Object.entries(model.settings).map(([name, value]) => [name, settingWords(name, value, io)] as const),
    ['family', lacksFamily(model) ? words.familyUnknown : undefined],
    ...residentFacts(model, models),
    ...Object.entries(model.files).map(([role, path]) => [`file, ${role}`, plain(path)] as const),
  ]
  const rows = facts.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]))
  io.stdout.write(`${table(rows).join('\n')}\n`)
  return exit.ok
}

function sourceOf(model: KnownModel, { inventory: { catalog } }: Models): string | undefined {
  const from = catalog.get(model.id)?.from
  if (from === undefined || 'shipped' in from) return undefined
  return sourceAddress(from)
}

function idleWords(model: KnownModel, { idleMs }: Models): string {
  const ms = model.idleMs ?? idleMs
  return model.pinned || ms === 0 ? words.never : words.afterIdle(duration(ms))
}

/** The key itself is never read here. */
function settingWords(name: string, value: unknown, io: Io): string {
  const text = plain(String(value))
  return name === 'keyEnv' && !io.env[text] ? words.keyMissing(text) : text
}

function residentFacts(model: KnownModel, models: Models): [string, string | undefined][] {
  const resident = residentOf(models, model.id)
  if (resident === undefined) return []
  const { pid, loadedMs, facts, gpu, offCard } = resident
  return [
    ['pid', pid?.toString()],
    ['loaded in', loadedMs === undefined ? undefined : `${loadedMs} ms`],
    ...Object.values(gpu).map((bytes): [string, string] => [words.onCard, memory(bytes)]),
    [
      words.onProcessor,
      offCard ? words.sinceFailed(duration(Date.now() - offCard.since), plain(offCard.why)) : undefined,
    ],
    ...Object.entries(facts).map(([name, value]): [string, string] => [
      plain(name),
      plain(Array.isArray(value) ? listWords(value) : String(value)),
    ]),
  ]
}

/** Some have more than a hundred voices. */
function listWords(values: readonly unknown[]): string {
  const shown = values.slice(0, 20).join(', ')
  return values.length > 20 ? words.andMore(shown, values.length - 20) : shown
}
