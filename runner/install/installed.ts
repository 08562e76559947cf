import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { normalizeName } from './marker.ts'

export interface InstalledPackage {
  readonly version: string
  /** Normalised. */
  readonly extras: readonly string[]
  /** Its Requires-Dist lines as they are. */
  readonly requires: readonly string[]
}

/** Installed packages by normalised name. */
export type Installed = ReadonlyMap<string, InstalledPackage>

/** What lies in a site-packages folder, from the METADATA of each *.dist-info. */
export function readInstalled(sitePackages: string): Installed {
  const installed = new Map<string, InstalledPackage>()
  for (const folder of readdirSync(sitePackages)) {
    if (!folder.endsWith('.dist-info')) continue
    const path = join(sitePackages, folder, 'METADATA')
    // A package whose removal was interrupted leaves a folder without it.
    if (statSync(path, { throwIfNoEntry: false }) === undefined) continue
    // The description follows after the first empty line.
    const [head = ''] = readFileSync(path, 'utf8').split(/\r?\n\r?\n/, 1)
    const all = (field: string): string[] =>
      Array.from(head.matchAll(new RegExp(`^${field}:\\s*(.*?)\\s*$`, 'gm')), match => match[1] ?? '')
    const [name] = all('Name')
    const [version] = all('Version')
    if (name === undefined || version === undefined) continue
    installed.set(normalizeName(name), {
      version,
      extras: all('Provides-Extra').map(normalizeName),
      requires: all('Requires-Dist'),
    })
  }
  return installed
}

export function sitePackagesOf(venv: string): string | undefined {
  const lib = join(venv, 'lib')
  if (statSync(lib, { throwIfNoEntry: false }) === undefined) return undefined
  const python = readdirSync(lib).find(name => /^(python|pypy)3\.\d+t?$/.test(name))
  const path = join(lib, python ?? '-', 'site-packages')
  return statSync(path, { throwIfNoEntry: false }) === undefined ? undefined : path
}

export function hasPip(sitePackages: string): boolean {
  return statSync(join(sitePackages, 'pip/__main__.py'), { throwIfNoEntry: false }) !== undefined
}
