import { accessSync, constants, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { machine, release, type, version as systemVersion } from 'node:os'
import { basename, join } from 'node:path'
import { findOnPath } from '../../lib/find-on-path.ts'
import { compareRequirements } from './compare.ts'
import type { PythonNeed } from './environment.ts'
import { hasPip, readInstalled, sitePackagesOf } from './installed.ts'
import type { MarkerValues } from './marker.ts'
import { readRequirements, requirementText } from './requirements.ts'
import { installingName } from './venv-names.ts'
import { isUnfinished } from './venv-swap.ts'
import { judgeStamp } from './venv-stamp.ts'
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
  /** It was made elsewhere: its programs start the Python of that place. */
  | { readonly type: 'moved'; readonly from: string }
  | { readonly type: 'no_packages_folder' }
  | { readonly type: 'no_pip' }

/**
 * Reads only, and runs nothing. With a fresh stamp that is a few small files; else the packages are compared with the
 * requirements. `path`: the PATH on which a uv would be found, which needs no pip in the venv.
 */
export function lookAtVenv(need: PythonNeed, path?: string): VenvSeen {
  const { files, wanted } = readRequirements(need.requirements)
  const asks = wanted.map(requirementText)
  if (isUnfinished(need.venv)) return { type: 'unusable', reason: { type: 'unfinished' }, asks }
  const config = readOrUndefined(join(need.venv, 'pyvenv.cfg'))
  if (config === undefined) {
    const stat = statSync(need.venv, { throwIfNoEntry: false })
    const free = stat === undefined || (stat.isDirectory() && readdirSync(need.venv).length === 0)
    return free ? { type: 'missing', asks } : { type: 'foreign' }
  }
  const fault = faultOf(need, config)
  if (fault !== undefined) return { type: 'unusable', reason: fault, asks }
  if (wanted.length === 0) return { type: 'ready' }
  const sitePackages = sitePackagesOf(need.venv)
  if (sitePackages === undefined) return { type: 'unusable', reason: { type: 'no_packages_folder' }, asks }
  const canInstall = hasPip(sitePackages) || findOnPath('uv', path) !== undefined
  if (statSync(join(need.venv, installingName), { throwIfNoEntry: false }) !== undefined && canInstall)
    return { type: 'unmet', unmet: [], unsure: asks }
  const stamp = judgeStamp(need.venv, sitePackages, files)
  if (stamp === 'fresh') return { type: 'ready' }
  const { unmet, unsure } = compareRequirements(wanted, readInstalled(sitePackages), markerValues(config))
  // What only pip can judge, pip has judged when it left the stamp.
  if (unmet.length === 0 && (unsure.length === 0 || stamp === 'same_files')) return { type: 'ready' }
  return canInstall
    ? { type: 'unmet', unmet, unsure }
    : { type: 'unusable', reason: { type: 'no_pip' }, asks }
}

export function pythonOf(venv: string): string {
  return join(venv, 'bin/python')
}

/** As it was made; undefined where that can't be told. */
export function pythonVersionOf(venv: string): string | undefined {
  return versionIn(readOrUndefined(join(venv, 'pyvenv.cfg')) ?? '') || undefined
}

function faultOf(need: PythonNeed, config: string): VenvFault | undefined {
  const python = pythonOf(need.venv)
  // Follows the link: a venv outlives the Python that it points to.
  if (!canRun(python)) return { type: 'no_interpreter' }
  const version = versionIn(config)
  if (satisfies(version, need.version) === 'no') return { type: 'wrong_version', version }
  // The system's python3 may have become another one since, which does not see this venv's packages.
  const real = /^python(3\.\d+)$/.exec(basename(realpathSync(python)))?.[1]
  if (real !== undefined && version !== '' && !`${version}.`.startsWith(`${real}.`))
    return { type: 'wrong_version', version: real }
  const from = madeAt(need.venv)
  return from === undefined || samePlace(from, need.venv) ? undefined : { type: 'moved', from }
}

/** Where it lay when it was made, by what its activate script says; undefined if that can't be told. */
function madeAt(venv: string): string | undefined {
  const activate = readOrUndefined(join(venv, 'bin/activate')) ?? ''
  return /^\s*(?:export )?VIRTUAL_ENV=(["']?)(\/[^"'\n]*)\1\s*$/m.exec(activate)?.[2]
}

function samePlace(a: string, b: string): boolean {
  if (a === b) return true
  try {
    return realpathSync(a) === realpathSync(b)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EACCES') return false
    throw error
  }
}

/** What markers ask for, of a venv's Python, without running it. */
function markerValues(config: string): MarkerValues {
  const version = versionIn(config)
  const implementation = /^implementation\s*=\s*(\S+)/im.exec(config)?.[1] ?? 'CPython'
  const system = { linux: 'Linux', darwin: 'Darwin' }[process.platform as string] ?? type()
  return {
    ...(version === ''
      ? {}
      : {
          python_full_version: version,
          python_version: version.split('.').slice(0, 2).join('.'),
          implementation_version: version,
        }),
    sys_platform: process.platform,
    os_name: 'posix',
    platform_system: system,
    platform_release: release(),
    platform_version: systemVersion(),
    // On a Mac, it may be made for the other processor.
    ...(process.platform === 'darwin' ? {} : { platform_machine: machine() }),
    platform_python_implementation: implementation,
    implementation_name: implementation.toLowerCase(),
  }
}

/** `version` by venv, `version_info` by uv and virtualenv. */
function versionIn(config: string): string {
  return /^version(?:_info)?\s*=\s*(\d+\.\d+(?:\.\d+)?)/m.exec(config)?.[1] ?? ''
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
