import { watch } from 'node:fs'
import { basename, dirname } from 'node:path'

/** Calls back when a file changes or appears. Where nothing can be watched, looks once a second. Returns what ends it. */
export function watchGrowth(path: string, onChange: () => void): () => void {
  const poll = (): (() => void) => {
    const timer = setInterval(onChange, 1000)
    return () => clearInterval(timer)
  }
  try {
    let end = (): void => watcher.close()
    const watcher = watch(dirname(path), (_event, name) => {
      if (name === null || name === basename(path)) onChange()
    })
    watcher.on('error', () => {
      watcher.close()
      end = poll()
    })
    return () => end()
  } catch (error) {
    // No such folder, or no watches left on this machine.
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOSPC' || code === 'EMFILE') return poll()
    throw error
  }
}
