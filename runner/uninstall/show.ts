import type { Item, Kept, Size } from './item.ts'
import { words } from './messages.ts'
import { isInside } from './paths.ts'
import type { Place } from './place.ts'

export interface Measured {
  readonly item: Item
  readonly size: Size
}

/** The whole list, for a person: what goes by groups, each tree with its bytes; what stays, and why. */
export function listing(
  place: Place,
  measured: readonly Measured[],
  kept: readonly { readonly kept: Kept; readonly size: Size }[],
): string {
  const { dir } = place
  const lines = [words.toRemove(dir)]
  let group = ''
  for (const { item, size } of measured) {
    if (item.group !== group) lines.push(`  ${words.titles[item.group]}`)
    group = item.group
    const outside = isInside(item.path, dir) ? '' : `  (${words.outside})`
    lines.push(`    ${row(size)}  ${shown(item.path, dir)}${outside}`)
  }
  lines.push(words.all(bytesText(sum(measured).bytes), sum(measured).files))
  if (kept.length > 0) lines.push('', words.keptTitle)
  for (const { kept: one, size } of kept)
    lines.push(
      `    ${size.files === 0 ? ''.padEnd(23) : row(size)}  ${shown(one.path, dir)}  (${words.kept[one.why]})`,
    )
  if (kept.some(({ kept: one }) => one.why === 'own' || one.why === 'jobs')) lines.push(words.purgeHint)
  lines.push(words.caches)
  return `${lines.join('\n')}\n`
}

export function sum(measured: readonly { readonly size: Size }[]): Size {
  return {
    files: measured.reduce((total, { size }) => total + size.files, 0),
    bytes: measured.reduce((total, { size }) => total + size.bytes, 0),
  }
}

export function bytesText(bytes: number): string {
  if (bytes >= 1e9) return `${(bytes / 1e9).toFixed(2)} GB`
  return bytes >= 1e6 ? `${(bytes / 1e6).toFixed(1)} MB` : `${Math.ceil(bytes / 1e3)} kB`
}

function row({ bytes, files }: Size): string {
  return `${bytesText(bytes).padStart(9)}  ${words.counted(files, 'file').padStart(12)}`
}

function shown(path: string, dir: string): string {
  return isInside(path, dir) && path !== dir ? path.slice(dir.length + 1) : path
}
