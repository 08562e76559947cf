import { lstatSync, readdirSync, realpathSync, type Dirent, type Stats } from 'node:fs'
import { isAbsolute, relative } from 'node:path'
import { reachableOr, textOf } from '../../lib/reachable.ts'

/** Whether a path lies in a folder, or is it. Compares the text: both have to be real paths. */
export function isInside(path: string, folder: string): boolean {
  const way = relative(folder, path)
  return way === '' || (way !== '..' && !way.startsWith('../') && !isAbsolute(way))
}

/** Of the thing itself, not of what a link leads to. */
export function lstatOf(path: string): Stats | undefined {
  return reachableOr(undefined, () => lstatSync(path))
}

/** By name; nothing where there is no folder, or a closed one. */
export function entriesOf(folder: string): Dirent[] {
  const entries = reachableOr([], () => readdirSync(folder, { withFileTypes: true }))
  return entries.sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** Where a path leads to through all links; itself where it leads nowhere. */
export function realOf(path: string): string {
  return reachableOr(path, () => realpathSync(path))
}

/** Where something is mounted, also a folder of the same disk: proc_pid_mountinfo(5), column 5. Elsewhere none are known. */
export function mountPoints(): ReadonlySet<string> {
  const text = textOf('/proc/self/mountinfo')
  const points = text.split('\n').map(line => line.split(' ')[4] ?? '')
  return new Set(
    points.map(point =>
      point.replaceAll(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8))),
    ),
  )
}
