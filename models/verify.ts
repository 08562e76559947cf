import { createHash } from 'node:crypto'
import { statSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import type { Model } from './model.ts'

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
    if (stat === undefined || !stat.isFile()) {
      absent ??= path
      continue
    }
    seen++
    // An empty file is never a model, even where the stack states no size.
    const bytes = file.bytes ?? plainBytes(model)
    if (bytes === undefined ? stat.size === 0 : stat.size !== bytes) wrong ??= path
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

/** A plain download is its file; what is known of the one holds for the other. */
function plainBytes({ from, files }: Model): number | undefined {
  return !('npm' in from) && files.length === 1 && files[0]?.entry === undefined ? from.bytes : undefined
}

function plainSha256({ from, files }: Model): string | undefined {
  return !('npm' in from) && files.length === 1 && files[0]?.entry === undefined ? from.sha256 : undefined
}
