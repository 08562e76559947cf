import { watch, type FSWatcher } from 'node:fs'

/** Calls back with the name that changed, if the system tells it. Undefined where nothing can be watched: a rescan must do. */
export function watchFolder(folder: string, onChange: (name: string | null) => void): FSWatcher | undefined {
  try {
    const watcher = watch(folder, (_event, name) => onChange(name))
    watcher.on('error', () => watcher.close())
    return watcher
  } catch (error) {
    // No such folder (yet, or for us), or no watches left on this machine.
    const { code } = error as NodeJS.ErrnoException
    if (code !== undefined && blind.has(code)) return undefined
    throw error
  }
}

const blind = new Set(['ENOENT', 'ENOTDIR', 'ENOSPC', 'EMFILE', 'EACCES', 'ELOOP', 'ENAMETOOLONG'])
