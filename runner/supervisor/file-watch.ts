import { basename, relative } from 'node:path'
import type { Watch } from '../stack/model.ts'

/** Folders that programs write to themselves; a change there is not a person's. */
const neverWatched = ['node_modules', '.git', '__pycache__', 'venv', '.venv']

/**
 * Calls back with the files that changed, relative to `dir`, once `debounceMs` have passed without a further change.
 * Resolves when the watching has begun; returns what ends it.
 */
export async function watchFiles(
  watch: Watch,
  dir: string,
  onChange: (files: string[]) => void,
  onTrouble: (detail: string) => void,
): Promise<() => void> {
  // Only here: a stack that watches nothing starts without it.
  const { watch: start } = await import('chokidar')
  const ignored = new Set([...neverWatched, ...watch.ignore])
  const watcher = start(watch.paths, {
    ignoreInitial: true,
    ignored: path => ignored.has(basename(path)),
  })
  const changed = new Set<string>()
  let timer: NodeJS.Timeout | undefined
  watcher.on('all', (_, path) => {
    changed.add(relative(dir, path))
    clearTimeout(timer)
    timer = setTimeout(() => {
      const files = [...changed].sort()
      changed.clear()
      onChange(files)
    }, watch.debounceMs)
  })
  watcher.on('error', error => onTrouble((error as Error).message))
  const { promise, resolve } = Promise.withResolvers<void>()
  watcher.on('ready', () => resolve())
  await promise
  return () => {
    clearTimeout(timer)
    void watcher.close()
  }
}
