import { join, posix, resolve } from 'node:path'
import type { Catalog, ModelEntry } from './catalog.ts'
import type { ModelFile, Source } from './source.ts'

/** A model with its place on this disk. */
export interface Model {
  readonly id: string
  readonly why: string
  readonly licence: string
  readonly from: Source
  /** Nothing is ever written outside this folder; it may not exist yet. */
  readonly base: string
  /** Where the files lie: `base` or a folder below it. */
  readonly folder: string
  /** Paths are relative to `folder`. */
  readonly files: readonly ModelFile[]
}

/** The model that an entry of a stack means, or undefined for an id that the catalog does not have. */
export function resolveModel(
  entry: ModelEntry,
  catalog: Catalog,
  place: { readonly dir: string; readonly modelsDir: string },
): Model | undefined {
  if (typeof entry !== 'string') {
    const common = commonFolder(entry.files.map(file => file.path))
    const { from } = entry
    return {
      ...entry,
      from: 'file' in from ? { ...from, file: resolve(place.dir, from.file) } : from,
      id: entry.name,
      base: place.dir,
      folder: join(place.dir, common),
      files: entry.files.map(file => ({ ...file, path: posix.relative(common, file.path) })),
    }
  }
  const found = catalog.get(entry)
  if (found === undefined) return undefined
  const base = 'shipped' in found.from ? import.meta.dirname : place.modelsDir
  return { ...found, base, folder: join(base, 'shipped' in found.from ? found.from.shipped : found.id) }
}

function commonFolder(paths: readonly string[]): string {
  const [first = [], ...others] = paths.map(path => path.split('/').slice(0, -1))
  let depth = first.length
  for (const parts of others) {
    while (depth > 0 && parts.slice(0, depth).join('/') !== first.slice(0, depth).join('/')) depth--
  }
  return first.slice(0, depth).join('/')
}
