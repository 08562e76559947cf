import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { jsonOrUndefined } from '../../lib/parse-json.ts'

/** How the npm packages of one folder stand to its lockfile. */
export interface PackagesSeen {
  /** The folder that holds package-lock.json. */
  readonly folder: string
  readonly state:
    | { readonly type: 'fits' }
    /** An installed package has no lockfile: its packages are the business of who installed it. */
    | { readonly type: 'not_ours' }
    | { readonly type: 'missing' }
    /** An npm that was killed leaves no list of what it installed. */
    | { readonly type: 'unfinished' }
    /** Names of packages that are not there, or in another version than the lockfile says. */
    | { readonly type: 'differs'; readonly packages: readonly string[] }
}

/** Of Courante's own folder and of its engines. Reads four files, large ones: some 20 ms. */
export function lookAtPackages(root: string): PackagesSeen[] {
  return [root, join(root, 'services/engines')].map(folder => ({ folder, state: stateOf(folder) }))
}

interface Locked {
  readonly version?: string
  readonly dev?: boolean
  readonly optional?: boolean
  readonly link?: boolean
}

function stateOf(folder: string): PackagesSeen['state'] {
  const wanted = readLock(join(folder, 'package-lock.json'))
  if (wanted === undefined) return { type: 'not_ours' }
  if (statSync(join(folder, 'node_modules'), { throwIfNoEntry: false }) === undefined)
    return { type: 'missing' }
  // npm writes it last.
  const found = readLock(join(folder, 'node_modules/.package-lock.json'))
  if (found === undefined) return { type: 'unfinished' }
  const packages = Object.entries(wanted)
    // Of other systems, or for development: they may be away, but not in another version.
    .filter(([path, { version, dev, optional, link }]) => {
      if (path === '' || link === true) return false
      const there = found[path]
      return there === undefined ? dev !== true && optional !== true : there.version !== version
    })
    .map(([path]) => path.replace(/^.*node_modules\//, ''))
  return packages.length === 0 ? { type: 'fits' } : { type: 'differs', packages }
}

function readLock(path: string): Record<string, Locked> | undefined {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw error
  }
  const lock = jsonOrUndefined(text) as { packages?: Record<string, Locked> } | null | undefined
  return lock?.packages
}
