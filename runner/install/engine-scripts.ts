import { accessSync, constants } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { engineOf } from '../../models/engines.ts'
import { modelsFilePath, modelsFileText, parseModelsFile } from '../../models/models-file.ts'

/**
 * The engines in Python of <home>/models.yaml: what they need is installed with the stack's own requirements, also into a venv that
 * is made anew. None where that file has a fault: `courante models` tells what is wrong.
 */
export function engineScripts(home: string): string[] {
  try {
    const text = modelsFileText(modelsFilePath(home))
    // Most have none, and then nothing is parsed.
    if (text === undefined || !text.includes('.py')) return []
    const read = parseModelsFile(text)
    const paths = (read.ok ? read.data.models : []).flatMap(entry =>
      'url' in entry || entry.path === undefined || engineOf(entry) !== 'python' ? [] : [entry.path],
    )
    return [...new Set(paths.map(path => (path.startsWith('~/') ? join(homedir(), path.slice(2)) : path)))]
      .filter(isReadable)
      .sort()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error
    return []
  }
}

function isReadable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK)
    return true
  } catch {
    // Gone, or closed to us: the load of its model says so.
    return false
  }
}
