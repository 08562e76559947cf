import { readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { jsonOrUndefined } from '../../lib/parse-json.ts'
import { ProblemError } from '../../lib/problem.ts'
import type { Item, Kept, Survey } from './item.ts'
import { entriesOf, isInside, lstatOf, realOf } from './paths.ts'
import { noPackages, type Place } from './place.ts'

/**
 * Model files. In any folder but the clone's own `models/files`, only those that the catalog, the lock file or the stack
 * names: the settings may name any other one, also the clone itself.
 */
export async function inModels(place: Place, purge: boolean): Promise<Survey> {
  const { modelsDir, dir } = place
  const folder = realOf(modelsDir)
  const isOurs = place.isOwn && folder === join(place.root, 'models/files')
  const items: Item[] = []
  const kept: Kept[] = []
  const known = await knownFiles(folder)
  const isLock = readLock(folder)['schema'] === 1
  for (const entry of entriesOf(folder)) {
    const { name } = entry
    const path = join(folder, name)
    const files = known.get(name)
    if (name === '.partial' && !isOurs) items.push(...some('partials', path, partials(path)))
    else if (name === '.partial' || unfinished.test(name)) items.push({ group: 'partials', path })
    else if (/^\.?lock\.json/.test(name) && (isOurs || isLock)) items.push({ group: 'models', path })
    else if (files !== undefined && isOurs && entry.isSymbolicLink()) {
      items.push({ group: 'models', path })
      kept.push({ path: realOf(path), why: 'link_target' })
    } else if (files !== undefined && entry.isDirectory()) {
      if (isOurs) items.push({ group: 'models', path })
      else items.push(...some('models', path, files))
    } else if (purge && isOurs) items.push({ group: 'own', path })
    else kept.push({ path, why: isOurs ? 'own' : 'not_ours' })
  }
  for (const model of place.models) {
    if (typeof model === 'string') continue
    items.push(
      ...some(
        'models',
        dir,
        model.files.map(file => file.path),
      ),
    )
  }
  if (lstatOf(modelsDir)?.isSymbolicLink() === true && place.isOwn && isInside(modelsDir, place.root)) {
    // Without --purge, what was kept behind it is still found there.
    if (purge || kept.length === 0) items.push({ group: 'models', path: modelsDir })
    kept.push({ path: folder, why: 'link_target' })
  }
  return { items, kept }
}

/** One item of those files that are there. */
function some(group: Item['group'], folder: string, paths: readonly string[]): Item[] {
  // No `..` of a lock file that somebody else wrote, and no folder that is a link, leads anywhere else.
  const only = paths
    .map(path => resolve(folder, path))
    .filter(path => path !== folder && isInside(path, folder) && lstatOf(path) !== undefined)
    .filter(path => isInside(realOf(dirname(path)), realOf(folder)))
  return only.length === 0 ? [] : [{ group, path: folder, only }]
}

/** Paths of files by the id of the model, relative to its folder. */
async function knownFiles(modelsDir: string): Promise<Map<string, string[]>> {
  const known = await catalogFiles()
  for (const [id, model] of Object.entries(record(readLock(modelsDir)['models']))) {
    const { folder, downloads } = record(model)
    const files = folder === id ? list(downloads).flatMap(one => list(record(one)['files'])) : []
    const paths = files.map(file => record(file)['path']).filter(path => typeof path === 'string')
    known.set(id, [...(known.get(id) ?? []), ...paths])
  }
  return known
}

/** By hand: its schema is an npm package's. What it does not say in its own form counts for nothing. */
function readLock(modelsDir: string): Record<string, unknown> {
  const path = join(modelsDir, 'lock.json')
  return lstatOf(path)?.isFile() === true ? record(jsonOrUndefined(readFileSync(path, 'utf8'))) : {}
}

/** A build of a model, with the mark of the process that was at it. */
const unfinished = /^\.fetch-.+-\d+-[0-9a-f]{12}-\w+$/

/** Named by the hash that was expected. */
function partials(folder: string): string[] {
  return entriesOf(folder)
    .map(({ name }) => name)
    .filter(name => /^[0-9a-f]{64}([0-9a-f]{64})?\./.test(name))
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : []
}

const catalog = join(import.meta.dirname, '../../models/catalog.yaml')

async function catalogFiles(): Promise<Map<string, string[]>> {
  try {
    const { loadCatalog } = await import('../../models/catalog.ts')
    return new Map(Array.from(loadCatalog(), ([id, { files }]) => [id, files.map(file => file.path)]))
  } catch (error) {
    const isUnpacked = noPackages.has((error as NodeJS.ErrnoException).code ?? '')
    if (!isUnpacked && !(error instanceof ProblemError)) throw error
    // Without the packages, their names do: a clone's own folders go as a whole.
    const ids = readFileSync(catalog, 'utf8').matchAll(/^ {2}- id: (\S+)$/gm)
    return new Map(Array.from(ids, ([, id = '']) => [id, []]))
  }
}
