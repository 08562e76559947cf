import { exit } from '../../lib/exit.ts'
import type { Io } from '../../lib/io.ts'
import type { KnownModel } from '../../models/inventory.ts'
import { modelKinds } from '../../models/kind.ts'
import { memory } from '../console/units.ts'
import { plain } from '../../lib/plain.ts'
import { table } from '../portal/text.ts'
import { words } from './messages.ts'
import { type Models, openModels, parseModels } from './open.ts'
import { asJson, memoryWords, sizeWords, stateWords } from './state.ts'

/** The models that are here; with --all those that could be, too. */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  const { values } = parseModels('ls', argv, { all: { type: 'boolean' } } as const, { least: 0, most: 0 })
  const models = await openModels(values, io)
  const all = inOrder(models)
  // One of your own whose file is gone is still in your list.
  const here = all.filter(model => model.installed || model.origin === 'yours')
  const shown = values.all === true ? all : here
  if (values.json === true) {
    const { defaults, budget, idleMs, faults } = models
    const list = shown.map(model => asJson(models, model))
    io.stdout.write(`${JSON.stringify({ models: list, defaults, budget, idleMs, faults }, null, 2)}\n`)
    return exit.ok
  }
  const others = all.filter(model => !here.includes(model))
  const lines = [...table(rows(models, here)), '', words.star]
  if (values.all !== true && others.length > 0) lines.push(words.canPull(others.length, models.where))
  if (values.all === true && others.length > 0)
    lines.push('', words.toPull(models.where), ...table(catalogRows(models, others)))
  io.stdout.write(`${lines.join('\n')}\n`)
  return exit.ok
}

/** By kind, then by where they come from, then by name. */
export function inOrder({ models }: Models): KnownModel[] {
  return [...models.values()].sort(
    (a, b) =>
      modelKinds.indexOf(a.kind) - modelKinds.indexOf(b.kind) ||
      origins.indexOf(a.origin) - origins.indexOf(b.origin) ||
      (a.origin === 'catalog' ? a.bytes - b.bytes : 0) ||
      (a.id < b.id ? -1 : 1),
  )
}

const origins: readonly KnownModel['origin'][] = [
  'shipped',
  'yours',
  'catalog',
  'ollama',
  'lmstudio',
  'huggingface',
]

function rows(models: Models, shown: readonly KnownModel[]): string[][] {
  return [
    [...words.columns],
    ...shown.map(model => [
      models.defaults[model.kind] === model.id ? '*' : '',
      model.id,
      model.kind,
      sizeWords(model),
      plain(model.licence),
      stateWords(models, model),
      memoryWords(models, model),
    ]),
  ]
}

function catalogRows({ inventory: { catalog } }: Models, shown: readonly KnownModel[]): string[][] {
  return [
    words.catalogColumns.map((title, column) => (column === 0 ? `  ${title}` : title)),
    ...shown.map(model => [
      `  ${model.id}`,
      model.kind,
      memory(catalog.get(model.id)?.from.bytes ?? 0),
      model.licence,
      model.title,
    ]),
  ]
}
