import type { Io } from '../../lib/io.ts'
import { ProblemError } from '../../lib/problem.ts'
import type { Consent } from '../install/consent.ts'
import { isTerminal } from '../is-terminal.ts'
import type { RunContext, WhereValues } from '../run-context.ts'
import { readLocal } from '../stack/local-file.ts'
import type { Chosen } from './chosen.ts'
import { hasDefaultLlm } from './default-llm.ts'

/**
 * Asks which language model it should be, once: only on a terminal, for a stack that has a `language_model`, where nobody has
 * chosen yet. Writes nothing: that is done (record.ts) when the user has agreed to all of the installation. Undefined where
 * there was nothing to ask; throws a ProblemError where the question was declined or a signal came.
 */
export async function chooseLanguageModel(
  context: RunContext,
  consent: Consent,
  values: WhereValues,
  io: Io,
): Promise<Chosen | undefined> {
  if (consent !== 'ask' || !isTerminal(io) || !(await isOpen(context))) return undefined
  const [{ openModels }, { askForModel }, { problems }] = await Promise.all([
    import('../models/open.ts'),
    import('./question.ts'),
    import('./messages.ts'),
  ])
  const models = await openModels(values, io, { edits: true })
  const chosen = await askForModel(context, models, io)
  if (io.signal.aborted) throw new ProblemError(problems.interrupted(String(io.signal.reason)))
  if (chosen === undefined) throw new ProblemError(problems.declined())
  return chosen
}

async function isOpen({ loaded, places }: RunContext): Promise<boolean> {
  return (
    loaded.stack.language_model !== undefined &&
    (await readLocal(loaded.path, 'language_model')) === undefined &&
    !hasDefaultLlm(places.home)
  )
}
