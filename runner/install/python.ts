import { execFile } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { z } from 'zod'
import { findOnPath } from '../../lib/find-on-path.ts'
import { jsonOrUndefined } from '../../lib/parse-json.ts'
import type { Io } from '../../lib/io.ts'
import { satisfies } from './version.ts'

export interface Interpreter {
  readonly path: string
  readonly version: string
}

/** A candidate that is not the Python we look for, and why: words for people come from messages.ts. */
export type Tried = { readonly candidate: string } & (
  | { readonly reason: 'not_found' }
  | { readonly reason: 'wrong_version'; readonly version: string }
  | { readonly reason: 'no_ensurepip'; readonly version: string }
  | { readonly reason: 'does_not_run'; readonly detail: string }
)

export type Search =
  | { readonly type: 'found'; readonly interpreter: Interpreter }
  | { readonly type: 'none'; readonly tried: readonly Tried[] }

/**
 * Finds a Python of a range that can make a venv, by running the candidates: the name alone proves nothing, since a pyenv
 * shim is there even if its version is not. With uv, it needs no ensurepip.
 */
export async function findPython(range: string, env: Io['env']): Promise<Search> {
  const { findUv } = await import('./uv.ts')
  const needsEnsurepip = findUv(env) === undefined
  const tried: Tried[] = []
  for (const candidate of candidates(range, env)) {
    const path = candidate.includes('/') ? candidate : findOnPath(candidate, env['PATH'])
    const result =
      path === undefined
        ? ({ candidate, reason: 'not_found' } as const)
        : await tryOne(candidate, path, { range, env, needsEnsurepip })
    if (!('reason' in result)) return { type: 'found', interpreter: result }
    tried.push(result)
  }
  return { type: 'none', tried }
}

/** `python3.12`, `python3.13` … as far as the range allows them, the plain names, then what pyenv has. */
function candidates(range: string, env: Io['env']): string[] {
  const minors = [8, 9, 10, 11, 12, 13, 14, 15]
    .map(minor => `3.${minor}`)
    .filter(minor => satisfies(`${minor}.0`, range) === 'yes' || satisfies(`${minor}.99`, range) === 'yes')
  const versions = join(env['PYENV_ROOT'] ?? join(env['HOME'] ?? homedir(), '.pyenv'), 'versions')
  const pyenv = existsSync(versions) ? readdirSync(versions).sort() : []
  return [
    ...minors.map(minor => `python${minor}`),
    'python3',
    'python',
    ...pyenv.map(version => join(versions, version, 'bin/python')).filter(path => existsSync(path)),
  ]
}

const probe = `
import json, sys
from importlib.util import find_spec
print(json.dumps({"version": "%d.%d.%d" % sys.version_info[:3], "ensurepip": find_spec("ensurepip") is not None}))
`
const probeAnswer = z.object({ version: z.string(), ensurepip: z.boolean() })

async function tryOne(
  candidate: string,
  path: string,
  wanted: { readonly range: string; readonly env: Io['env']; readonly needsEnsurepip: boolean },
): Promise<Interpreter | Tried> {
  const { range, env, needsEnsurepip } = wanted
  let text: string
  try {
    // Not in the caller's folder, and isolated: a `json.py` that lies there must not answer for Python's own.
    const { stdout } = await promisify(execFile)(path, ['-I', '-c', probe], {
      env,
      timeout: 10_000,
      cwd: '/',
    })
    text = stdout
  } catch (error) {
    const { stderr, message } = error as Error & { stderr?: string }
    const firstLine = (stderr ?? '').trim().split('\n')[0] ?? ''
    return {
      candidate,
      reason: 'does_not_run',
      detail: firstLine === '' ? (message.split('\n')[0] ?? '') : firstLine,
    }
  }
  const answer = probeAnswer.safeParse(jsonOrUndefined(text))
  if (!answer.success)
    return { candidate, reason: 'does_not_run', detail: 'it does not answer like a Python 3' }
  const { version, ensurepip } = answer.data
  if (satisfies(version, range) !== 'yes') return { candidate, reason: 'wrong_version', version }
  return ensurepip || !needsEnsurepip ? { path, version } : { candidate, reason: 'no_ensurepip', version }
}
