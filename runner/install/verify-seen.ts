import type { Io } from '../../lib/io.ts'
import { ProblemError } from '../../lib/problem.ts'
import type { Seen, SeenModel } from './look.ts'
import { messages, progressWords } from './messages.ts'
import { openProgress } from './progress.ts'

/**
 * Hashes models that are here and that nobody has seen to be right yet: copied by hand, changed since, or installed by a run
 * that was killed in its last moment. What is not what it should be counts as damaged from then on, and is asked for
 * anew. Throws a ProblemError after a signal.
 */
export async function verifySeen(seen: Seen, io: Io): Promise<Seen> {
  const models: SeenModel[] = []
  for (const one of seen.models) {
    models.push(one.isVerified ? one : await verify(one, seen.environment.modelsDir, io))
  }
  return { ...seen, models }
}

async function verify(one: SeenModel, modelsDir: string, io: Io): Promise<SeenModel> {
  const { model } = one
  const source = progressWords.verifies
  const facts = { name: model.id, bytes: 0, source, target: model.folder, why: '' }
  const progress = openProgress(model.id, facts, io)
  try {
    const { verifyAndRecord } = await import('../../models/lock-file.ts')
    const state = await verifyAndRecord(modelsDir, model, io.signal)
    progress.end(state.type === 'present')
    return { ...one, state, isVerified: true }
  } catch (error) {
    progress.end(false)
    if (!io.signal.aborted) throw error
    throw new ProblemError(messages.interruptedQuestion(String(io.signal.reason)), { cause: error })
  }
}
