import { readdirSync, type Stats, statSync } from 'node:fs'
import { join } from 'node:path'
import { reachableOr, unreachable } from '../lib/reachable.ts'

/** Undefined where there is no regular file, through whatever links: a broken one, a folder, a pipe. */
export function statFile(path: string): Stats | undefined {
  const stat = reachableOr(undefined, () => statSync(path, { throwIfNoEntry: false }))
  return stat?.isFile() === true ? stat : undefined
}

/** Of a file, or of all files in a folder and below; undefined where nothing is. */
export function bytesAt(path: string): number | undefined {
  const stat = reachableOr(undefined, () => statSync(path, { throwIfNoEntry: false }))
  if (stat?.isDirectory() !== true) return stat?.isFile() === true ? stat.size : undefined
  const stamp = `${stat.dev}:${stat.ino}:${stat.mtimeMs}`
  const known = folders.get(path)
  if (known?.stamp === stamp) return known.bytes
  const entries = reachableOr([], () => readdirSync(path, { recursive: true, withFileTypes: true }))
  const bytes = entries.reduce(
    (sum, entry) => sum + (statFile(join(entry.parentPath, entry.name))?.size ?? 0),
    0,
  )
  if (folders.size >= 1000) folders.clear()
  folders.set(path, { stamp, bytes })
  return bytes
}

/** Looked through once while they stay as they are: the data of a voice are hundreds of files. */
const folders = new Map<string, { readonly stamp: string; readonly bytes: number }>()

export { unreachable }
