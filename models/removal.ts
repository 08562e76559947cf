import { lstatSync, realpathSync } from 'node:fs'
import { rm, unlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { removeIfEmpty } from '../lib/remove-if-empty.ts'
import type { Catalog } from './catalog.ts'
import { forgetModel } from './lock-file.ts'
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
  if (found === undefined || files.length === 0) return undefined
  if (!lstatSync(found.folder).isSymbolicLink()) return { files, folder: found.folder, stays: undefined }
  // The user's own arrangement.
  return { files: [found.folder], folder: undefined, stays: realpathSync(found.folder) }
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
