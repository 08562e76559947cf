import { exit } from '../../lib/exit.ts'
import type { Io } from '../../lib/io.ts'
import { ProblemError } from '../../lib/problem.ts'
import type { KnownModel } from '../../models/known-model.ts'
import { programSources } from '../../models/programs.ts'
import { lookAtPrograms } from '../install/builds/look.ts'
import { planPrograms } from '../install/builds/plan.ts'
import { packageManagerHere } from '../install/look.ts'
import { networkOptions, withNetwork } from '../network.ts'
import { fetchWithConsent } from './consent.ts'
import { type FetchStep, fetchSteps } from './fetch-steps.ts'
import { problems, words } from './messages.ts'
import { neededModels } from './needed-models.ts'
import { findModel, type Models, openModels, parseModels, yesOption } from './open.ts'

/** Downloads models of the catalog, with those that they need, and builds the programs that run them. */
export async function run(argv: readonly string[], asked: Io): Promise<number> {
  const options = { ...yesOption, ...networkOptions } as const
  const { values, positionals } = parseModels('pull', argv, options, { least: 1, most: 100 })
  const io = withNetwork(values, asked)
  const models = await openModels(values, io)
  const ids = [...new Set(positionals)]
  const steps = stepsFor(ids, models)
  const builds = buildSteps(ids, models, io)
  for (const notice of builds.notices) io.stderr.write(words.note(notice))
  if (steps.length + builds.steps.length > 0) {
    const stopped = await fetchWithConsent([...steps, ...builds.steps], models.dir, values, io)
    if (stopped !== undefined) return stopped
  }
  const fetched = steps.map(({ model }) => model.id)
  const built = builds.steps.map(({ program }) => program.name)
  if (values.json === true) {
    io.stdout.write(`${JSON.stringify({ pulled: fetched, installed: ids, built }, null, 2)}\n`)
    return exit.ok
  }
  // Of one of the user's own, what it needs has come.
  const isNew = (id: string): boolean =>
    [id, ...neededModels(findModel(models, id), models)].some(one => fetched.includes(one))
  const before = built.length > 0 ? [] : ids.filter(id => !isNew(id))
  if (before.length > 0) io.stdout.write(words.pulledAlready(before))
  for (const id of ids.filter(isNew)) {
    const { kind, engine } = findModel(models, id)
    if (models.defaults[kind] === id || engine === '') continue
    io.stdout.write(words.pulled(id, kind, models.where))
  }
  return exit.ok
}

/** What is missing, or damaged, of these and of what they need. */
function stepsFor(ids: readonly string[], models: Models): FetchStep[] {
  const { catalog } = models.inventory
  const steps = new Map<string, FetchStep>()
  for (const id of ids) {
    const model = findModel(models, id)
    const entry = catalog.get(model.id)
    const needed =
      entry === undefined ? neededModels(model, models).flatMap(part => catalog.get(part) ?? []) : [entry]
    if (needed.length === 0 && !startsProgram(model))
      throw new ProblemError(problems.notInCatalog(id, models.where))
    for (const one of needed) {
      for (const step of fetchSteps(one, models)) steps.set(step.model.id, step)
    }
  }
  return [...steps.values()]
}

/** Of programs that the models' engines start, what is neither built nor on PATH. */
function buildSteps(ids: readonly string[], models: Models, io: Io): ReturnType<typeof planPrograms> {
  const wanted = ids
    .map(id => findModel(models, id))
    .filter(({ settings }) => settings['program'] === undefined)
  const programs = lookAtPrograms(new Set(wanted.map(({ engine }) => engine)), io.env)
  return planPrograms(programs, {
    dir: models.dir,
    optional: false,
    packageManager: packageManagerHere(io.env),
  })
}

/** A model of the user's own may have nothing to download, but lack its program. */
function startsProgram({ engine }: KnownModel): boolean {
  return Object.values(programSources).some(({ engines }) => engines.includes(engine))
}
