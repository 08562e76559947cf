import { createHash } from 'node:crypto'
import { accessSync, constants, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { writeFileAtomic } from '../../lib/atomic-write.ts'
import type { PythonNeed } from './environment.ts'
import { compareRequirements, readInstalled, readRequirements } from './requirements.ts'
import { satisfies } from './version.ts'

/** What a look at a venv shows; `foreign` is a folder that is no venv, which nobody touches. */
export type VenvSeen =
  | { readonly type: 'ready' }
  | { readonly type: 'missing'; readonly asks: readonly string[] }
  | { readonly type: 'unusable'; readonly reason: VenvFault; readonly asks: readonly string[] }
  | { readonly type: 'unmet'; readonly unmet: readonly string[]; readonly unsure: readonly string[] }
  | { readonly type: 'foreign' }

export type VenvFault =
  | { readonly type: 'unfinished' }
  | { readonly type: 'no_interpreter' }
  | { readonly type: 'wrong_version'; readonly version: string }

/** Lies in a venv while it is made: one that a killed run left is known by it. */
export const unfinishedMark = '.courante-unfinished'
const stampName = '.courante-stamp.json'

const stampSchema = z.object({
  schema: z.literal(1),
  requirements: z.record(z.string(), z.string()),
  /** Changes with each package that comes or goes. */
  sitePackagesMtime: z.number(),
})

/** Reads only. With a fresh stamp that is a few stats; else the packages are compared with the requirements. */
export function lookAtVenv(need: PythonNeed): VenvSeen {
  const { files, wanted } = readRequirements(need.requirements)
  const asks = wanted.map(one => (one.type === 'plain' ? one.name + one.specifier : one.text))
  const config = readOrUndefined(join(need.venv, 'pyvenv.cfg'))
  if (statSync(join(need.venv, unfinishedMark), { throwIfNoEntry: false }) !== undefined) {
    return { type: 'unusable', reason: { type: 'unfinished' }, asks }
  }
  if (config === undefined) {
    const stat = statSync(need.venv, { throwIfNoEntry: false })
    const free = stat === undefined || (stat.isDirectory() && readdirSync(need.venv).length === 0)
    return free ? { type: 'missing', asks } : { type: 'foreign' }
  }
  // Follows the link: a venv outlives the Python that it points to.
  if (!canRun(pythonOf(need.venv))) {
    return { type: 'unusable', reason: { type: 'no_interpreter' }, asks }
  }
  const version = /^version(?:_info)?\s*=\s*(\d+\.\d+(?:\.\d+)?)/m.exec(config)?.[1] ?? ''
  if (satisfies(version, need.version) === 'no') {
    return { type: 'unusable', reason: { type: 'wrong_version', version }, asks }
  }
  if (wanted.length === 0) return { type: 'ready' }
  const sitePackages = sitePackagesOf(need.venv)
  if (sitePackages === undefined) return { type: 'unusable', reason: { type: 'unfinished' }, asks }
  const stamp = readStamp(need.venv)
  const sameFiles =
    stamp !== undefined && JSON.stringify(stamp.requirements) === JSON.stringify(hashes(files))
  if (sameFiles && stamp.sitePackagesMtime === statSync(sitePackages).mtimeMs) return { type: 'ready' }
  const { unmet, unsure } = compareRequirements(wanted, readInstalled(sitePackages))
  // What only pip can judge, pip has judged when it left the stamp.
  const met = unmet.length === 0 && (unsure.length === 0 || sameFiles)
  return met ? { type: 'ready' } : { type: 'unmet', unmet, unsure }
}

/** Remembers, in the venv, that its packages fit the requirements as they are now. */
export async function stampVenv(need: Pick<PythonNeed, 'venv' | 'requirements'>): Promise<void> {
  const sitePackages = sitePackagesOf(need.venv)
  if (sitePackages === undefined) return
  const stamp: z.infer<typeof stampSchema> = {
    schema: 1,
    requirements: hashes(readRequirements(need.requirements).files),
    sitePackagesMtime: statSync(sitePackages).mtimeMs,
  }
  await writeFileAtomic(join(need.venv, stampName), JSON.stringify(stamp, undefined, 2) + '\n')
}

export function pythonOf(venv: string): string {
  return join(venv, 'bin/python')
}

function sitePackagesOf(venv: string): string | undefined {
  const lib = join(venv, 'lib')
  if (statSync(lib, { throwIfNoEntry: false }) === undefined) return undefined
  const python = readdirSync(lib).find(name => /^python3\.\d+$/.test(name))
  const path = join(lib, python ?? '-', 'site-packages')
  return statSync(path, { throwIfNoEntry: false }) === undefined ? undefined : path
}

function readStamp(venv: string): z.infer<typeof stampSchema> | undefined {
  const text = readOrUndefined(join(venv, stampName))
  if (text === undefined) return undefined
  try {
    return stampSchema.safeParse(JSON.parse(text)).data
  } catch (error) {
    // A stamp that can't be read is no stamp: the long way round gives the same answer.
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

function hashes(files: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    files.map(file => [file, createHash('sha256').update(readFileSync(file)).digest('hex')]),
  )
}

function readOrUndefined(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw error
  }
}

/** Whether this user can reach and run it; a venv may point to a Python in a folder that is closed to others. */
function canRun(program: string): boolean {
  try {
    accessSync(program, constants.X_OK)
    return true
  } catch {
    // Absent, or closed to us: either way it is no use.
    return false
  }
}
