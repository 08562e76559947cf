import { readFileSync, statSync } from 'node:fs'
import { basename, resolve } from 'node:path'
import type { Io } from '../../lib/io.ts'
import { ProblemError } from '../../lib/problem.ts'
import { slug } from '../../models/known-model.ts'
import { look, type Seen } from '../install/look.ts'
import { normalizeName } from '../install/marker.ts'
import { planPython } from '../install/plan-python.ts'
import { readScriptNeeds, type ScriptNeeds } from '../install/script-metadata.ts'
import { pythonVersionOf } from '../install/venv.ts'
import { satisfies } from '../install/version.ts'
import { runContext, type WhereValues } from '../run-context.ts'
import { fetchWithConsent } from './consent.ts'
import { problems, words } from './messages.ts'
import { type AddValues, checkFree, type NewEntry, traitsFor } from './new-entry.ts'
import type { Models } from './open.ts'

/** A program in Python that runs a model: what it needs is asked for and installed. Or the exit code of a signal. */
export async function addPython(
  path: string,
  values: AddValues & WhereValues,
  models: Models,
  io: Io,
): Promise<NewEntry | number> {
  const program = resolve(io.cwd, path)
  const needs = needsOf(program)
  const { kind } = values
  if (kind === undefined) throw new ProblemError(problems.kindMissing(program))
  if (values.vision !== undefined) throw new ProblemError(problems.onlyForModels('--vision'))
  const id = values.id ?? slug(basename(program, '.py'))
  checkFree(id, models)
  const files = filesOf(values.file ?? [], io.cwd)
  const traits = traitsFor(kind, values)
  const stopped = await installNeeds(program, needs, values, io)
  if (stopped !== undefined) return stopped
  return { id, kind, path: program, ...(Object.keys(files).length === 0 ? {} : { files }), ...traits }
}

function needsOf(program: string): ScriptNeeds {
  let text: string
  try {
    text = readFileSync(program, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw code === undefined ? error : new ProblemError(problems.noFile(program, code), { cause: error })
  }
  const read = readScriptNeeds(text)
  if (!read.ok) throw new ProblemError(problems.badScript(program, read.fault))
  const fault = sameName(program, read.needs.packages)
  if (fault !== undefined) throw new ProblemError(problems.badScript(program, fault))
  return read.needs
}

/** A program's folder is the first that Python looks into: `import vosk` in a vosk.py is that file once more. */
function sameName(program: string, packages: readonly string[]): string | undefined {
  const name = normalizeName(basename(program, '.py'))
  const same = packages.some(line => normalizeName(/^[\w.-]+/.exec(line)?.[0] ?? '') === name)
  return same
    ? `the file has the name of the package ${name} and would import itself in its place; name it otherwise`
    : undefined
}

function filesOf(given: readonly string[], cwd: string): Record<string, string> {
  const files: Record<string, string> = {}
  for (const one of given) {
    const [, role, path] = /^([a-z][a-z0-9_]*)=(.+)$/.exec(one) ?? []
    if (role === undefined || path === undefined) throw new ProblemError(problems.badRole(one))
    const file = resolve(cwd, path)
    if (statSync(file, { throwIfNoEntry: false }) === undefined)
      throw new ProblemError(problems.noFile(file, 'ENOENT'))
    files[role] = file
  }
  return files
}

/** Into the venv of the stack, beside all that is asked for there already: pip is to find versions that fit them all. */
async function installNeeds(
  program: string,
  needs: ScriptNeeds,
  values: AddValues & WhereValues,
  io: Io,
): Promise<number | undefined> {
  const { environment } = await runContext(values, io)
  const { python, dir } = environment
  if (python === undefined) {
    if (needs.packages.length > 0) io.stderr.write(words.note(words.noVenv(needs.packages)))
    return undefined
  }
  const requirements = [...new Set([...python.requirements, program])]
  const need = { ...python, requirements, optional: false }
  const seen = await look({ ...environment, models: [], tools: [], without: ['gpu'], python: need }, io.env)
  const version = versionOf(seen)
  if (needs.python !== undefined && version !== undefined && satisfies(version, needs.python) === 'no')
    throw new ProblemError(problems.otherPython(program, needs.python, version))
  if (needs.packages.length === 0) return undefined
  const { steps, problems: faults } = planPython(seen)
  const [fault] = faults
  if (fault !== undefined) throw new ProblemError(fault)
  return steps.length === 0 ? undefined : fetchWithConsent(steps, dir, values, io)
}

/** Of the venv, or of the Python that it will be made with. */
function versionOf({ python }: Seen): string | undefined {
  if (python.type === 'not_needed') return undefined
  if (python.search?.type === 'found') return python.search.interpreter.version
  return pythonVersionOf(python.need.venv)
}
