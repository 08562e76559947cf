import { type FSWatcher, watch } from 'node:fs'

/**
 * Watches folders for speed. It may miss things (inotify overflows silently in Node, network mounts tell nothing), so
 * whoever uses it also looks by itself every few seconds. It sees what happens after `add` has returned.
 */
export class FolderWatch implements Disposable {
  readonly #watchers = new Map<string, FSWatcher>()

  /** `onChange` gets the entry's name, or null when the system doesn't say which. The folder has to exist. */
  add(folder: string, onChange: (name: string | null) => void): void {
    if (this.#watchers.has(folder)) return
    const watcher = watch(folder, { persistent: false }, (_event, name) => onChange(name))
    // A watch that breaks (the folder was removed, no more inotify handles) is replaced by the rescan.
    watcher.on('error', () => this.remove(folder))
    this.#watchers.set(folder, watcher)
  }

  remove(folder: string): void {
    this.#watchers.get(folder)?.close()
    this.#watchers.delete(folder)
  }

  [Symbol.dispose](): void {
    for (const folder of this.#watchers.keys()) this.remove(folder)
  }
}
