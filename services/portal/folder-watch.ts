import { type FSWatcher, statSync, watch } from 'node:fs'

/**
 * Watches folders for speed. It may miss things (inotify overflows silently in Node, network mounts tell nothing), so
 * whoever uses it also looks by itself every few seconds. It sees what happens after `add` has returned.
 */
export class FolderWatch implements Disposable {
  readonly #watchers = new Map<string, FSWatcher>()
  readonly #inodes = new Map<string, number>()

  /**
   * `onChange` gets the entry's name, or null when the system doesn't say which. The folder has to exist. `checked`: it may
   * have been removed and made anew since it was added.
   */
  add(folder: string, onChange: (name: string | null) => void, checked = false): void {
    if (this.#watchers.has(folder)) {
      if (!checked || statSync(folder).ino === this.#inodes.get(folder)) return
      this.remove(folder)
    }
    this.#inodes.set(folder, statSync(folder).ino)
    const watcher = watch(folder, { persistent: false }, (_event, name) => onChange(name))
    // A watch that breaks (the folder was removed, no more inotify handles) is replaced by the rescan.
    watcher.on('error', () => this.remove(folder))
    this.#watchers.set(folder, watcher)
  }

  remove(folder: string): void {
    this.#watchers.get(folder)?.close()
    this.#watchers.delete(folder)
    this.#inodes.delete(folder)
  }

  [Symbol.dispose](): void {
    for (const folder of this.#watchers.keys()) this.remove(folder)
  }
}
