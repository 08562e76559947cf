import { exit } from '../../lib/exit.ts'
import type { Io } from '../../lib/io.ts'
import { ProblemError } from '../../lib/problem.ts'
import { isUsable } from '../../models/catalog.ts'
import { networkOptions, withNetwork } from '../network.ts'
import { fetchWithConsent } from './consent.ts'
import { type FetchStep, fetchSteps } from './fetch-steps.ts'
import { problems, words } from './messages.ts'
import { findModel, type Models, openModels, parseModels, yesOption } from './open.ts'

/** Downloads models of the catalog, with those that they need. */
export async function run(argv: readonly string[], asked: Io): Promise<number> {
  const options = { ...yesOption, ...networkOptions } as const
  const { values, positionals } = parseModels('pull', argv, options, { least: 1, most: 100 })
  const io = withNetwork(values, asked)
  const models = await openModels(values, io)
  const ids = [...new Set(positionals)]
  const steps = stepsFor(ids, models)
  if (steps.length > 0) {
    const stopped = await fetchWithConsent(steps, models.dir, values, io)
    if (stopped !== undefined) return stopped
  }
  const fetched = steps.map(({ model }) => model.id)
  if (values.json === true) {
    io.stdout.write(`${JSON.stringify({ pulled: fetched, installed: ids }, null, 2)}\n`)
    return exit.ok
  }
  const before = ids.filter(id => !fetched.includes(id))
  if (before.length > 0) io.stdout.write(words.pulledAlready(before))
  for (const id of ids.filter(id => fetched.includes(id))) {
    const { kind } = findModel(models, id)
    if (models.defaults[kind] === id || kind === 'vad') continue
    io.stdout.write(words.pulled(id, kind, models.where))
  }
  return exit.ok
}

/** What is missing, or damaged, of these and of what they need. */
function stepsFor(ids: readonly string[], models: Models): FetchStep[] {
  const { catalog } = models.inventory
  const steps = new Map<string, FetchStep>()
  for (const id of ids) {
    const entry = catalog.get(findModel(models, id).id)
    if (entry === undefined) throw new ProblemError(problems.notInCatalog(id, models.where))
    if (!isUsable(entry, catalog)) throw new ProblemError(problems.noEngine(entry))
    for (const step of fetchSteps(entry, models)) steps.set(step.model.id, step)
  }
  return [...steps.values()]
}
