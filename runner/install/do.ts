import type { Io } from '../../lib/io.ts'
import type { Problem } from '../../lib/problem.ts'
import { makeVenv, pipInstall } from './do-python.ts'
import { messages } from './messages.ts'
import { openProgress } from './progress.ts'
import { factsOf, type Step } from './step.ts'

/** Carries the steps out in order, up to the first that fails; what that one had begun is taken back. */
export async function perform(
  steps: readonly Step[],
  io: Io,
  signal: AbortSignal = io.signal,
): Promise<Problem | undefined> {
  for (const step of steps) {
    const facts = factsOf(step)
    const progress = openProgress(facts.name, facts, io)
    const problem = await performOne(step, io, signal, progress.update)
    progress.end(problem === undefined)
    if (problem !== undefined) return problem
  }
  return undefined
}

async function performOne(
  step: Step,
  io: Io,
  signal: AbortSignal,
  onProgress: (bytes: number, total: number) => void,
): Promise<Problem | undefined> {
  if (signal.aborted) return messages.interrupted(factsOf(step).name, String(signal.reason))
  try {
    switch (step.type) {
      case 'make_venv':
        return await makeVenv(step, io, signal)
      case 'pip_install':
        return await pipInstall(step, io, signal)
      case 'fetch_model': {
        const { fetchModel } = await import('../../models/fetch.ts')
        return await fetchModel(step.model, { env: io.env, cwd: step.dir, signal, onProgress })
      }
    }
  } catch (error) {
    const { code, path } = error as NodeJS.ErrnoException
    if (path !== undefined && ['EACCES', 'EPERM', 'EROFS', 'ENOSPC', 'EDQUOT'].includes(code ?? '')) {
      return messages.notWritable(path, code ?? '')
    }
    throw error
  }
}
