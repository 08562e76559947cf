import { exit } from '../../lib/exit.ts'
import { exitCodeOf, type Io } from '../../lib/io.ts'
import { ProblemError } from '../../lib/problem.ts'
import { editModelsFile } from '../../models/edit-models-file.ts'
import { isTerminal } from '../is-terminal.ts'
import { fetchWithConsent } from '../models/consent.ts'
import { fetchSteps } from '../models/fetch-steps.ts'
import { openModels, tell, yesOption } from '../models/open.ts'
import { networkOptions, withNetwork } from '../network.ts'
import { parseOptions, whereOptions } from '../options.ts'
import { runContext } from '../run-context.ts'
import { modelNamed } from '../setup/chosen.ts'
import { problems, words } from '../setup/messages.ts'
import { askForModel } from '../setup/question.ts'
import { record } from '../setup/record.ts'
import { writeLocal } from '../stack/local-file.ts'
import { connect } from '../supervisor/control-client.ts'

const options = {
  ...whereOptions,
  ...networkOptions,
  ...yesOption,
  model: { type: 'string' },
  name: { type: 'string' },
  'key-env': { type: 'string' },
  json: { type: 'boolean' },
} as const

/** Asks anew which language model answers, downloads it, and writes the choice down last: all of it, or nothing. */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  try {
    return await setup(argv, io)
  } catch (error) {
    // What was under way, such as a question to a server, ends with the signal's reason.
    if (error instanceof ProblemError || !io.signal.aborted) throw error
    return exitCodeOf(String(io.signal.reason))
  }
}

async function setup(argv: readonly string[], given: Io): Promise<number> {
  const { values } = parseOptions('setup', { args: [...argv], options })
  const io = withNetwork(values, given)
  for (const option of ['name', 'key-env'] as const)
    if (values[option] !== undefined && values.model === undefined)
      throw new ProblemError(problems.needsModel(`--${option}`))
  if (values.model === undefined && (values.json === true || !isTerminal(io)))
    throw new ProblemError(problems.cannotAsk())
  const context = await runContext(values, io)
  // Before a download, and not after it: it may have a fault.
  await editModelsFile(context.places.home)
  const models = await openModels(values, io, { edits: true })
  if (values.json !== true) io.stdout.write(words.now(models.defaults.llm ?? ''))
  const chosen =
    values.model === undefined
      ? await askForModel(context, models, io)
      : await modelNamed(values.model, values, models, io)
  if (io.signal.aborted) return exitCodeOf(String(io.signal.reason))
  if (chosen === undefined) throw new ProblemError(problems.declined())
  const entry = models.inventory.catalog.get(chosen.id)
  const steps = entry === undefined ? [] : fetchSteps(entry, models)
  const stopped = steps.length === 0 ? undefined : await fetchWithConsent(steps, models.dir, values, io)
  if (stopped !== undefined) return stopped
  const file = await record(chosen, context)
  const { without } = context.loaded.stack
  if (without.length > 0) await writeLocal(context.loaded.path, 'without', undefined)
  const { running } = await connect(context.controlSocket)
  const takesOver = running ? words.takesOver(context.loaded.stack.name) : ''
  const askedAgain = without.length > 0 ? words.askedAgain(without) : ''
  tell(
    io,
    values,
    { model: chosen.id, file, running },
    words.chosen(chosen.id, file) + takesOver + askedAgain,
  )
  return exit.ok
}
