import { createHash } from 'node:crypto'
import { readdir, readFile, readlink } from 'node:fs/promises'
import { join, relative } from 'node:path'

/** Path → what lies there: a hash of a file's content, the target of a link. */
export type Tree = ReadonlyMap<string, string>

/** What differs from run to run, and says nothing about what is installed. */
const passing = [
  /^\.git\//,
  /^var\/(logs|run|portals)\//,
  /^var\/transcript\.log$/,
  /^\.runtime\/(compile-cache|install\.log|ready)/,
  /(^|\/)__pycache__\//,
  // Hashes of scripts that begin with the venv's path.
  /\.dist-info\/RECORD$/,
  /(^|\/)\.vite(-temp)?\//,
  /^stack\.local\.yaml$/,
]

export async function treeOf(folder: string): Promise<Tree> {
  const tree = new Map<string, string>()
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    const name = relative(folder, path)
    if (entry.isDirectory() || passing.some(pattern => pattern.test(name))) continue
    tree.set(
      name,
      entry.isSymbolicLink() ? `→ ${inside(await readlink(path), folder)}` : await hashOf(path, folder),
    )
  }
  return tree
}

/** A line for each path that only one of them has, or that differs. */
export function treeDifference(expected: Tree, got: Tree): string[] {
  const paths = [...new Set([...expected.keys(), ...got.keys()])].sort()
  return paths.flatMap(path => {
    if (expected.get(path) === got.get(path)) return []
    if (!got.has(path)) return [`missing: ${path}`]
    return [expected.has(path) ? `differs: ${path}` : `too many: ${path}`]
  })
}

/** Times, and the folder's own path, which a venv and a stamp hold, don't count. */
async function hashOf(path: string, folder: string): Promise<string> {
  const content = await readFile(path)
  const isText = content.length < 1e6 && !content.includes(0)
  const compared = isText
    ? inside(content.toString('utf8'), folder).replaceAll(/"(\w*[mM]time\w*|at)": ?("[^"]*"|[\d.]+)/g, '"$1"')
    : content
  return createHash('sha256').update(compared).digest('hex').slice(0, 16)
}

function inside(text: string, folder: string): string {
  return text.replaceAll(folder, '<folder>')
}
