import { createHash } from 'node:crypto'
import { type Dirent, readdirSync, type Stats, statSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join, relative } from 'node:path'
import type { Model } from './model.ts'
import { isPacked } from './source.ts'

export type ModelState =
  | { readonly type: 'present' }
  /** None of its files is there. */
  | { readonly type: 'missing' }
  | { readonly type: 'damaged'; readonly file: string; readonly reason: 'absent' | 'size' | 'hash' }

/** Whether the files are there with the right sizes. Reads no content: microseconds a file. */
export function checkSizes(model: Model): ModelState {
  let absent: string | undefined
  let seen = 0
  let wrong: string | undefined
  for (const file of model.files) {
    const path = join(model.folder, file.path)
    const stat = statSync(path, { throwIfNoEntry: false })
    if (stat === undefined || stat.isFile() === (file.folder !== undefined)) {
      absent ??= path
      continue
    }
    seen++
    const size = sizeOf(path, stat)
    const bytes = file.bytes ?? plainBytes(model)
    // An empty file is never a model, even where the stack states no size.
    if (bytes === undefined ? size === 0 : size !== bytes) wrong ??= path
  }
  if (seen === 0) return { type: 'missing' }
  if (absent !== undefined) return { type: 'damaged', file: absent, reason: 'absent' }
  if (wrong !== undefined) return { type: 'damaged', file: wrong, reason: 'size' }
  return { type: 'present' }
}

/** The same with every hash that is known; reads all bytes. */
export async function checkHashes(model: Model, signal?: AbortSignal): Promise<ModelState> {
  const sizes = checkSizes(model)
  if (sizes.type !== 'present') return sizes
  for (const file of model.files) {
    const path = join(model.folder, file.path)
    const want = file.sha256 ?? plainSha256(model)
    if (want === undefined) continue
    if ((await hashFile(path, 'sha256', signal)).toString('hex') !== want) {
      return { type: 'damaged', file: path, reason: 'hash' }
    }
  }
  return { type: 'present' }
}

/** Hash of a file's content. */
export async function hashFile(path: string, algorithm: string, signal?: AbortSignal): Promise<Buffer> {
  await using handle = await open(path)
  const hash = createHash(algorithm)
  const stream = handle.createReadStream({ autoClose: false, highWaterMark: 1024 * 1024 })
  for await (const chunk of stream) {
    signal?.throwIfAborted()
    hash.update(chunk as Buffer)
  }
  return hash.digest()
}

/** The model's files one by one, relative to its folder; of a folder that is kept whole all that are in it now. */
export function filesOf(model: Model): string[] {
  return model.files.flatMap(file => {
    if (file.folder === undefined) return [file.path]
    const root = join(model.folder, file.path)
    return filesBelow(root).map(path => join(file.path, relative(root, path)))
  })
}

/** Bytes of all files below a folder. */
export function folderBytes(folder: string): number {
  return filesBelow(folder).reduce((sum, path) => sum + statSync(path).size, 0)
}

function sizeOf(path: string, stat: Stats): number {
  return stat.isDirectory() ? folderBytes(path) : stat.size
}

function filesBelow(folder: string): string[] {
  const entries: Dirent[] = readdirSync(folder, { recursive: true, withFileTypes: true })
  return entries.filter(entry => entry.isFile()).map(entry => join(entry.parentPath, entry.name))
}

/** A plain download is its file; what is known of the one holds for the other. */
export function plainBytes(model: Model): number | undefined {
  return isPlain(model) ? model.from.bytes : undefined
}

export function plainSha256(model: Model): string | undefined {
  const { from } = model
  return isPlain(model) && !('npm' in from) ? from.sha256 : undefined
}

function isPlain(model: Model): boolean {
  return !isPacked(model) && model.files.length === 1
}
