import type { Io } from '../../lib/io.ts'
import type { Problem } from '../../lib/problem.ts'
import type { Item } from './item.ts'
import { messages, notices } from './messages.ts'
import { openProgress, type ProgressLine } from './progress.ts'
import { factsOf, type Step } from './step.ts'

export interface Performed {
  /** Empty: all is there that is needed. The gravest first. */
  readonly problems: readonly Problem[]
  /** What failed and can be done without. */
  readonly notices: readonly string[]
}

/**
 * Carries the items out in order. One that fails is taken back and does not hold up the others, unless somebody wants to stop
 * or the disk is full: then nothing more is begun.
 */
export async function perform(items: readonly Item[], io: Io): Promise<Performed> {
  const problems: Problem[] = []
  const told: string[] = []
  for (const item of items) {
    for (const step of item.steps) {
      const problem = await performOne(step, io)
      if (problem === undefined) continue
      if (io.signal.aborted) return { problems: [problem], notices: told }
      if (problem.code === 'no_space') return { problems: [problem, ...problems], notices: told }
      if ('optional' in step && step.optional) told.push(notices.optionalLeftOut(step, problem))
      else problems.push(problem)
      break
    }
  }
  if (problems.length === 0) await sweep(items)
  return { problems, notices: told }
}

/** Only now: what is old may have been gone on with. */
async function sweep(items: readonly Item[]): Promise<void> {
  const steps = items.flatMap(({ steps }) => steps)
  const folders = new Set(steps.flatMap(step => (step.type === 'fetch_model' ? [step.modelsDir] : [])))
  if (folders.size === 0) return
  const { sweepPartials } = await import('../../models/download/sweep.ts')
  for (const folder of folders) sweepPartials(folder)
}

async function performOne(step: Step, io: Io): Promise<Problem | undefined> {
  const facts = factsOf(step)
  const progress = openProgress(facts.name, facts, io)
  const problem = await carryOut(step, io, progress)
  progress.end(problem === undefined)
  return problem
}

async function carryOut(step: Step, io: Io, progress: ProgressLine): Promise<Problem | undefined> {
  const { env, signal } = io
  if (signal.aborted) return messages.interrupted(factsOf(step).name, String(signal.reason))
  try {
    switch (step.type) {
      case 'make_venv':
        return await (await import('./do-python.ts')).makeVenv(step, io, signal)
      case 'pip_install':
        return await (await import('./do-python.ts')).pipInstall(step, io, signal)
      case 'gpu_runtime': {
        const { installGpuRuntime } = await import('./gpu-step.ts')
        return await installGpuRuntime(step, io, progress)
      }
      case 'build_program':
        return await (await import('./builds/build.ts')).buildProgram(step, io, progress)
      case 'fetch_model': {
        const { model, modelsDir, dir: cwd } = step
        const { fetchModel } = await import('../../models/fetch.ts')
        const told = { onProgress: progress.update, onNotice: progress.note }
        return await fetchModel(model, { modelsDir, env, cwd, signal, ...told })
      }
    }
  } catch (error) {
    if (signal.aborted) return messages.interrupted(factsOf(step).name, String(signal.reason))
    const { code, path } = error as NodeJS.ErrnoException
    if (path !== undefined && ['EACCES', 'EPERM', 'EROFS', 'ENOSPC', 'EDQUOT'].includes(code ?? '')) {
      return messages.notWritable(path, code ?? '')
    }
    throw error
  }
}
