import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { jsonOrUndefined } from '../../lib/parse-json.ts'
import { isAlive, type ProcessIdentity } from '../../lib/process-identity.ts'

export interface Partials {
  readonly folder: string
  /** Those that nobody is at. */
  readonly resting: number
  /** What these take of the disk, in bytes. */
  readonly bytes: number
  /** Processes that are downloading. */
  readonly owners: readonly number[]
}

/** Downloads that are not whole: `<modelsDir>/.partial/<key>.partial`, with the lock of whoever is at it beside. */
export function lookAtPartials(modelsDir: string): Partials {
  const folder = join(modelsDir, '.partial')
  const names = namesIn(folder)
  const owners = new Map<string, number>()
  for (const name of names) {
    const pid = name.endsWith('.lock') ? ownerOf(join(folder, name)) : undefined
    if (pid !== undefined) owners.set(name.replace(/\.lock$/, ''), pid)
  }
  const resting = names.filter(
    name => /^[0-9a-f]{64,}\S*\.partial$/.test(name) && !owners.has(name.replace(/\.partial$/, '')),
  )
  const bytes = resting.reduce((sum, name) => sum + bytesOf(join(folder, name)), 0)
  return { folder, resting: resting.length, bytes, owners: [...new Set(owners.values())] }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return []
    throw error
  }
}

/** They are sparse: only what has come takes room. */
function bytesOf(path: string): number {
  return (statSync(path, { throwIfNoEntry: false })?.blocks ?? 0) * 512
}

function ownerOf(path: string): number | undefined {
  try {
    // By hand: uninstall asks, too, and has to work without npm packages, which the schema is one of.
    const owner = jsonOrUndefined(readFileSync(path, 'utf8')) as ProcessIdentity | null | undefined
    return typeof owner?.pid === 'number' && isAlive(owner) ? owner.pid : undefined
  } catch (error) {
    // Let go of just now.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
