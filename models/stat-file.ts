import { type Stats, statSync } from 'node:fs'
import { reachableOr } from '../lib/reachable.ts'

/** Undefined where there is no regular file, through whatever links: a broken one, a folder, a pipe. */
export function statFile(path: string): Stats | undefined {
  const stat = reachableOr(undefined, () => statSync(path, { throwIfNoEntry: false }))
  return stat?.isFile() === true ? stat : undefined
}
