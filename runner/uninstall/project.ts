import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { jsonOrUndefined } from '../../lib/parse-json.ts'
import { besideOf, markName, oldName, stampName } from '../install/venv-names.ts'
import type { Item, Kept, Survey } from './item.ts'
import { entriesOf, isInside, lstatOf } from './paths.ts'
import type { Place } from './place.ts'

/** The venv and, of a clone, all that was installed, built and chosen in it. */
export function inProject(place: Place, purge: boolean): Survey {
  const { root, dir, isOwn } = place
  const items: Item[] = []
  const kept: Kept[] = []
  const local = join(dir, 'stack.local.yaml')
  if (lstatOf(local) !== undefined) {
    if (purge) items.push({ group: 'own', path: local })
    else kept.push({ path: local, why: 'own' })
  }
  const { venv } = place
  if (venv !== undefined && lstatOf(venv) !== undefined) {
    if (isVenv(venv, place) || (isOwn && purge && isInside(venv, root) && venv !== root))
      items.push({ group: 'venv', path: venv })
    else kept.push({ path: venv, why: 'foreign_venv' })
  }
  // One that was being made anew, the old one in it.
  const beside = venv === undefined ? undefined : besideOf(venv)
  if (beside !== undefined && lstatOf(beside) !== undefined) {
    if (holdsNobodys(beside, place)) items.push({ group: 'venv', path: beside })
    else kept.push({ path: beside, why: 'foreign_venv' })
  }
  if (!isOwn) return { items, kept }
  const runtime = join(root, '.runtime')
  items.push(
    ...bytecode(root).map(path => ({ group: 'built' as const, path })),
    { group: 'built', path: join(root, 'web/dist') },
    { group: 'built', path: join(runtime, 'programs') },
    { group: 'gpu', path: join(runtime, 'gpu') },
    { group: 'packages', path: join(root, 'services/engines/node_modules') },
    { group: 'packages', path: join(root, 'node_modules') },
    { group: 'runtime', path: runtime, ...lastOf(runtime) },
  )
  return { items: items.filter(({ path }) => lstatOf(path) !== undefined), kept }
}

/** A clone's own needs to be a venv at all; in a project, one that we made or left half made. */
function isVenv(venv: string, place: Place): boolean {
  const { isOwn, root, untouchable } = place
  if (lstatOf(venv)?.isDirectory() !== true) return isOwn && isInside(venv, root)
  if (untouchable.some(path => isInside(path, venv))) return false
  const has = (name: string): boolean => lstatOf(join(venv, name))?.isFile() === true
  if (has(markName)) return holdsNobodys(venv, place)
  if (isOwn && isInside(venv, root) && has('pyvenv.cfg')) return true
  return has(stampName) && isMade(join(venv, stampName))
}

/** What was put aside for a new venv is still the one that somebody has: it would be back after the next try. */
function holdsNobodys(venv: string, place: Place): boolean {
  const old = join(venv, oldName)
  return lstatOf(old) === undefined || isVenv(old, place)
}

/** A stamp is also left in a venv that a person made, when packages are installed in it. By hand, without npm packages. */
function isMade(stamp: string): boolean {
  const { made } = (jsonOrUndefined(readFileSync(stamp, 'utf8')) ?? {}) as { made?: unknown }
  return made === true
}

/** The Node that this may be running on: as long as it is there, `courante uninstall` can be called again. */
function lastOf(runtime: string): { last?: string } {
  const packages = join(runtime, 'node_modules')
  const node = entriesOf(packages).find(({ name }) => name.startsWith('node-'))
  return node === undefined ? {} : { last: join(packages, node.name, 'bin/node') }
}

/** `__pycache__` of our own sources. */
function bytecode(folder: string): string[] {
  return entriesOf(folder)
    .filter(entry => entry.isDirectory() && !entry.name.startsWith('.') && !notSources.has(entry.name))
    .flatMap(({ name }) => (name === '__pycache__' ? [join(folder, name)] : bytecode(join(folder, name))))
}

const notSources = new Set(['node_modules', 'var', 'venv', 'files', 'dist'])
