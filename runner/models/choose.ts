import { exit } from '../../lib/exit.ts'
import { exitCodeOf, type Io, type Program } from '../../lib/io.ts'
import { formatProblem, ProblemError } from '../../lib/problem.ts'
import type { KnownModel } from '../../models/inventory.ts'
import { table } from '../portal/text.ts'
import { inOrder } from './ls.ts'
import { words } from './messages.ts'
import { type Models, openModels, parseModels, residentOf } from './open.ts'
import { choose, search } from '../prompt.ts'
import { memoryWords, sizeWords, stateWords } from './state.ts'

/** On a terminal: the models in a list that can be searched, and what can be done with the one that is chosen. */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  const { values } = parseModels('ls', argv, {}, { least: 0, most: 0 })
  for (;;) {
    const models = await openModels(values, io)
    const shown = inOrder(models).filter(model => model.engine !== '')
    const titles = table(shown.map(model => row(models, model)))
    const width = (io.stdout.columns ?? 80) - 4
    const choices = shown.map(({ id }, i) => ({ title: (titles[i] ?? id).slice(0, width), value: id }))
    const id = await search(words.choose, choices, io)
    if (io.signal.aborted) return exitCodeOf(String(io.signal.reason))
    const model = shown.find(one => one.id === id)
    if (model === undefined) return exit.ok
    await act(model, models, argv, io)
    if (io.signal.aborted) return exitCodeOf(String(io.signal.reason))
  }
}

function row(models: Models, model: KnownModel): string[] {
  return [
    models.defaults[model.kind] === model.id ? '*' : ' ',
    model.id,
    model.kind,
    sizeWords(model),
    model.installed ? stateWords(models, model) : words.notInstalled,
    model.installed ? memoryWords(models, model) : '',
  ]
}

type Action = keyof typeof programs

const programs = {
  default: () => import('./default.ts'),
  pull: () => import('./pull.ts'),
  load: () => import('./load.ts'),
  unload: () => import('./unload.ts'),
  pin: () => import('./pin.ts'),
  unpin: () => import('./unpin.ts'),
  show: () => import('./show.ts'),
  rm: () => import('./rm.ts'),
} satisfies Record<string, () => Promise<{ run: Program }>>

async function act(model: KnownModel, models: Models, where: readonly string[], io: Io): Promise<void> {
  const actions = actionsFor(model, models).map(value => ({ title: words.actions[value], value }))
  const back = { title: words.actions.back, value: 'back' }
  const action = await choose(words.chooseAction(model.id), [...actions, back], io)
  if (action === undefined || action === 'back' || !Object.hasOwn(programs, action)) return
  const { run } = await programs[action as Action]()
  try {
    await run([model.id, ...where], io)
  } catch (error) {
    // Told here, the menu goes on.
    if (!(error instanceof ProblemError)) throw error
    io.stderr.write(formatProblem(error.problem))
  }
}

/** The likeliest first. */
function actionsFor(model: KnownModel, models: Models): Action[] {
  const { origin, installed, engine, pinned, kind, id } = model
  if (!installed) return origin === 'yours' ? ['show', 'rm'] : ['pull', 'show']
  const isUsable = engine !== ''
  const isLoaded = residentOf(models, id) !== undefined
  return [
    ...(isUsable && models.defaults[kind] !== id ? (['default'] as const) : []),
    ...(isUsable && models.core !== undefined ? ([isLoaded ? 'unload' : 'load'] as const) : []),
    ...(isUsable ? ([pinned ? 'unpin' : 'pin'] as const) : []),
    'show',
    ...(origin === 'yours' || origin === 'catalog' ? (['rm'] as const) : []),
  ]
}
