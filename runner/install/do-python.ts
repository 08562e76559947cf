import { existsSync, readFileSync } from 'node:fs'
import { readdir, readFile, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Io } from '../../lib/io.ts'
import { isOffline } from '../../lib/offline.ts'
import type { Problem } from '../../lib/problem.ts'
import { sitePackagesOf } from './installed.ts'
import { messages } from './messages.ts'
import { isScript, packagesOf, readRequirements } from './requirements.ts'
import { makeFolder, type RunResult, runLogged } from './run-logged.ts'
import { factsOf, type Step } from './step.ts'
import { findUv } from './uv.ts'
import { installingName } from './venv-names.ts'
import { stampMade, stampVenv } from './venv-stamp.ts'
import {
  abandonVenv,
  beginPackages,
  beginVenv,
  busyWith,
  commitVenv,
  isUnfinished,
  replacesOne,
} from './venv-swap.ts'
import { pythonOf } from './venv.ts'

/** The one that it replaces is back if it fails; it goes when the new one has its packages. */
export async function makeVenv(
  step: Extract<Step, { type: 'make_venv' }>,
  io: Io,
  signal: AbortSignal,
): Promise<Problem | undefined> {
  const { venv, interpreter, log } = step
  const other = busyWith(venv)
  if (other !== undefined) return messages.venvBusy(venv, other)
  await makeFolder(dirname(venv))
  const uv = findUv(io.env)
  const options = { cwd: dirname(venv), env: uv?.env ?? io.env, log, signal }
  let made = false
  try {
    if (!(await beginVenv(venv))) return messages.foreignVenv(venv)
    const result =
      uv === undefined
        ? await runLogged(interpreter.path, ['-I', '-m', 'venv', venv], options)
        : await runLogged(
            uv.path,
            ['venv', '--python', interpreter.path, '--no-project', '--allow-existing', venv],
            options,
          )
    made = result.type === 'done'
    if (result.type === 'aborted') return messages.interrupted(factsOf(step).name, String(signal.reason))
    if (result.type === 'failed') {
      if (/ensurepip/.test(result.output)) return messages.noVenvModule(interpreter.path)
      return messages.venvFailed(venv, log, lastLines(result.output))
    }
    // Where it replaces none, it is whole as it is: packages may come in a later run.
    if (!step.thenPackages || !replacesOne(venv)) await commitVenv(venv)
    await stampMade(step.thenPackages ? { venv, requirements: [] } : step)
    return undefined
  } finally {
    if (!made) await abandonVenv(venv)
  }
}

export async function pipInstall(
  step: Extract<Step, { type: 'pip_install' }>,
  io: Io,
  signal: AbortSignal,
): Promise<Problem | undefined> {
  const { venv, log } = step
  const other = busyWith(venv)
  if (other !== undefined) return messages.venvBusy(venv, other)
  let well = false
  try {
    if (existsSync(join(venv, installingName))) await removeHalves(venv)
    // pip unpacks gigabytes there, and leaves them where it is killed.
    const scratch = await beginPackages(venv)
    const result = await installAll(step, scratch, io, signal)
    // It stays, for the next run to look closer.
    if (result.type === 'aborted') return messages.interrupted(factsOf(step).name, String(signal.reason))
    await rm(scratch, { recursive: true, force: true })
    if (result.type === 'failed') {
      const how = { offline: isOffline(io.env), kept: !isUnfinished(venv) }
      return messages.pipFailed(log, lastLines(result.output), how)
    }
    await stampVenv(step)
    await commitVenv(venv)
    well = true
    return undefined
  } finally {
    if (!well) await abandonVenv(venv)
  }
}

function installAll(
  step: Extract<Step, { type: 'pip_install' }>,
  scratch: string,
  io: Io,
  signal: AbortSignal,
): Promise<RunResult> {
  // The files that are there; those that they include come along with them. pip does not look into programs for what they need.
  const files = step.requirements
    .filter(path => readRequirements([path]).files.length > 0)
    .flatMap(path => (isScript(path) ? packagesOf(readFileSync(path, 'utf8')) : ['-r', path]))
  const python = pythonOf(step.venv)
  const options = { cwd: dirname(step.venv), log: step.log, signal }
  const uv = findUv(io.env)
  if (uv !== undefined) {
    const args = ['pip', 'install', '--python', python, ...uv.args, ...files]
    return runLogged(uv.path, args, { ...options, env: { ...uv.env, TMPDIR: scratch } })
  }
  const quiet = ['--disable-pip-version-check', '--no-input', '--progress-bar', 'off']
  // Isolated from PYTHONPATH and from a pip.py that lies in the folder.
  return runLogged(python, ['-I', '-m', 'pip', 'install', ...quiet, ...files], {
    ...options,
    env: { ...pipEnv(io.env), TMPDIR: scratch },
  })
}

/** Only into the venv, and offline only from this machine. */
function pipEnv(env: Io['env']): Io['env'] {
  const { PIP_TARGET: _target, PIP_PREFIX: _prefix, PIP_ROOT: _root, ...rest } = env
  const settled = { ...rest, PIP_USER: '0' }
  if (!isOffline(env)) return settled
  // A wheel folder still serves. What a line names by its URL is asked for at a port of this machine where nobody is.
  const nobody = 'http://127.0.0.1:9'
  return {
    ...settled,
    PIP_NO_INDEX: '1',
    PIP_RETRIES: '0',
    PIP_PROXY: nobody,
    http_proxy: nobody,
    https_proxy: nobody,
    all_proxy: nobody,
    no_proxy: '',
    GIT_ALLOW_PROTOCOL: 'file',
  }
}

/**
 * Takes away what a killed pip left half there, which it would take for whole the next time: INSTALLER is entered in RECORD
 * when all else is done. And the folders that begin with ~, into which pip moves what it is about to remove.
 */
async function removeHalves(venv: string): Promise<void> {
  const sitePackages = sitePackagesOf(venv)
  if (sitePackages === undefined) return
  for (const name of await readdir(sitePackages)) {
    const path = join(sitePackages, name)
    if (name.startsWith('~') || (name.endsWith('.dist-info') && !(await isWhole(path))))
      await rm(path, { recursive: true, force: true })
  }
}

async function isWhole(distInfo: string): Promise<boolean> {
  try {
    return (await readFile(join(distInfo, 'RECORD'), 'utf8')).includes('/INSTALLER,')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw error
  }
}

function lastLines(output: string): string {
  return output.trim().split('\n').slice(-8).join('\n')
}
