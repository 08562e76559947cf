import { lstat, readdir } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { openPlain } from '../../lib/open-plain.ts'
import { hasCode, ifThere } from '../../services/portal/moves.ts'

export interface JobFile {
  /** From the job's folder on. */
  readonly name: string
  readonly bytes: number
}

/** All files of a job, sorted; none if the job has gone elsewhere. */
export async function filesOf(folder: string): Promise<JobFile[]> {
  const files: JobFile[] = []
  for (const entry of (await ifThere(readdir(folder, { withFileTypes: true, recursive: true }))) ?? []) {
    // Hidden ones are ours.
    if (entry.isDirectory() || entry.name.startsWith('.')) continue
    const path = join(entry.parentPath, entry.name)
    const found = await ifThere(lstat(path))
    if (found !== undefined) files.push({ name: relative(folder, path), bytes: found.size })
  }
  return files.sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** The text of a file that somebody else wrote, at most so much from its start or its end. Undefined: no such file. */
export async function textOf(
  path: string,
  most: number,
  from: 'start' | 'end' = 'start',
): Promise<string | undefined> {
  let file
  try {
    file = await ifThere(openPlain(path))
  } catch (error) {
    if (hasCode(error, 'ELOOP', 'ENOTREG', 'ENXIO')) return undefined
    throw error
  }
  if (file === undefined) return undefined
  try {
    const { size } = await file.stat()
    const length = Math.min(size, most)
    const { buffer, bytesRead } = await file.read(
      Buffer.alloc(length),
      0,
      length,
      from === 'end' ? size - length : 0,
    )
    return buffer.toString('utf8', 0, bytesRead)
  } finally {
    await file.close()
  }
}

/** A file of JSON as its value; as its text where it is no JSON. */
export async function valueOf(path: string): Promise<unknown> {
  const text = await textOf(path, 16 * 1024 ** 2)
  if (text === undefined) return undefined
  try {
    return JSON.parse(text) as unknown
  } catch {
    // A person wrote it, and is about to see what.
    return text
  }
}
