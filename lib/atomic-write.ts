import { rename, writeFile } from 'node:fs/promises'
import { randomUUID } from 'node:crypto'
import { basename, dirname, join } from 'node:path'

/** Replaces a file by rename, so that a reader sees the old text or the new one and never a part. */
export async function writeFileAtomic(
  path: string,
  data: string | Uint8Array,
  options: { mode?: number } = {},
): Promise<void> {
  const hidden = join(dirname(path), `.${basename(path)}.${randomUUID().slice(0, 8)}`)
  await writeFile(hidden, data, { flag: 'wx', ...options })
  await rename(hidden, path)
}
