import { mkdir, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Io } from '../../lib/io.ts'
import type { Problem } from '../../lib/problem.ts'
import { messages } from './messages.ts'
import { runLogged } from './run-logged.ts'
import { factsOf, type Step } from './step.ts'
import { pythonOf, stampVenv, unfinishedMark } from './venv.ts'

export async function makeVenv(
  step: Extract<Step, { type: 'make_venv' }>,
  io: Io,
  signal: AbortSignal,
): Promise<Problem | undefined> {
  const { venv, interpreter, log } = step
  if (step.replaces !== undefined) await rm(venv, { recursive: true, force: true })
  await mkdir(venv, { recursive: true })
  // A venv holds its own path, so it can't be built elsewhere and renamed: the mark says that it is not whole yet.
  const mark = join(venv, unfinishedMark)
  await writeFile(mark, '')
  const result = await runLogged(interpreter.path, ['-I', '-m', 'venv', venv], {
    cwd: dirname(venv),
    env: io.env,
    log,
    signal,
  })
  if (result.type !== 'done') {
    await rm(venv, { recursive: true, force: true })
    if (result.type === 'aborted') return messages.interrupted(factsOf(step).name, String(signal.reason))
    if (/ensurepip/.test(result.output)) return messages.noVenvModule(interpreter.path)
    return messages.venvFailed(venv, log, lastLines(result.output))
  }
  await rm(mark)
  return undefined
}

export async function pipInstall(
  step: Extract<Step, { type: 'pip_install' }>,
  io: Io,
  signal: AbortSignal,
): Promise<Problem | undefined> {
  const { readRequirements } = await import('./requirements.ts')
  // The files that are there; those that they include come along with them.
  const files = step.requirements.filter(path => readRequirements([path]).files.length > 0)
  const args = ['-m', 'pip', 'install', '--disable-pip-version-check', '--no-input', '--progress-bar', 'off']
  const result = await runLogged(pythonOf(step.venv), [...args, ...files.flatMap(path => ['-r', path])], {
    cwd: dirname(step.venv),
    env: { ...io.env, PIP_USER: '0' },
    log: step.log,
    signal,
  })
  if (result.type === 'aborted') return messages.interrupted(factsOf(step).name, String(signal.reason))
  if (result.type === 'failed') return messages.pipFailed(step.log, lastLines(result.output))
  await stampVenv(step)
  return undefined
}

function lastLines(output: string): string {
  return output.trim().split('\n').slice(-8).join('\n')
}
