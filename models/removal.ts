import { lstatSync, realpathSync } from 'node:fs'
import { rm, unlink } from 'node:fs/promises'
import { dirname, join, sep } from 'node:path'
import { removeIfEmpty } from '../lib/remove-if-empty.ts'
import type { Catalog } from './catalog.ts'
import { forgetModel, readLock } from './lock-file.ts'
import { resolveModel } from './model.ts'

/** What goes with a model: files, and the folder that is removed when nothing is left in it. */
export interface ModelFiles {
  readonly files: readonly string[]
  readonly folder: string | undefined
  /** Where its files stay, if only a link to them is ours to take. */
  readonly stays: string | undefined
}

/** Of a model of the catalog; undefined: none of it is here. */
export function catalogFiles(
  id: string,
  catalog: Catalog,
  place: { readonly dir: string; readonly modelsDir: string },
): ModelFiles | undefined {
  const found = resolveModel(id, catalog, place)
  const files = (found?.files ?? []).map(file => join(found?.folder ?? '', file.path)).filter(isThere)
  return found === undefined || files.length === 0 ? undefined : filesIn(found.folder, files)
}

/** Of a download that no model stands for any more. Undefined: nothing is remembered of it; it may have no files either. */
export function leftFiles(id: string, modelsDir: string): ModelFiles | undefined {
  const entry = readLock(modelsDir).models[id]
  if (entry === undefined) return undefined
  const folder = join(modelsDir, id)
  const files = entry.downloads
    .flatMap(one => one.files.map(({ path }) => join(folder, path)))
    .filter(path => path.startsWith(folder + sep) && isThere(path))
  // What a stack had put elsewhere stays with it.
  if (entry.folder !== id || files.length === 0) return { files: [], folder: undefined, stays: undefined }
  return filesIn(folder, files)
}

function filesIn(folder: string, files: readonly string[]): ModelFiles {
  if (!lstatSync(folder).isSymbolicLink()) return { files, folder, stays: undefined }
  // The user's own arrangement.
  return { files: [folder], folder: undefined, stays: realpathSync(folder) }
}

/** Also what is remembered of it. The first file that can't be removed is the answer. */
export async function removeFiles(
  id: string,
  { files, folder }: ModelFiles,
  modelsDir: string,
): Promise<{ readonly path: string; readonly code: string; readonly error: unknown } | undefined> {
  if (folder !== undefined || files.length > 0) await forgetModel(modelsDir, id)
  for (const path of files) {
    try {
      const stat = lstatSync(path)
      // A folder that came whole goes whole.
      await (stat.isSymbolicLink() ? unlink(path) : rm(path, { recursive: stat.isDirectory() }))
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === undefined) throw error
      if (code !== 'ENOENT') return { path, code, error }
    }
  }
  const folders = folder === undefined ? [] : [...new Set([...files.map(file => dirname(file)), folder])]
  for (const path of folders.sort((a, b) => b.length - a.length)) removeIfEmpty(path)
  return undefined
}

/** Also a link that leads nowhere. */
export function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined
}
