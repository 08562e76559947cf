import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'

/** A text that changes when a file under one of these paths is changed, added or removed. Absent paths count as empty. */
export async function codeStamp(paths: readonly string[]): Promise<string> {
  const stamps = await Promise.all(paths.map(stampOf))
  return stamps.join('\n')
}

async function stampOf(path: string): Promise<string> {
  try {
    const found = await stat(path)
    if (!found.isDirectory()) return `${path} ${found.size} ${found.mtimeMs}`
    const names = (await readdir(path)).filter(name => !name.startsWith('.') && !notCode.has(name)).sort()
    return await codeStamp(names.map(name => join(path, name)))
  } catch (error) {
    // Gone meanwhile, or never there.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ''
    throw error
  }
}

const notCode = new Set(['node_modules', '__pycache__', 'venv'])
