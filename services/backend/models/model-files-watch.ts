import { statSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { watchFolder } from '../../../lib/watch-folder.ts'
import { lockPath } from '../../../models/lock-file.ts'
import { modelsFilePath } from '../../../models/models-file.ts'

/** Watches get lost, and a folder may not be there yet. */
const rescanMs = 2000

/** Tells when models have changed by `courante models` in a terminal: what is chosen, pinned or added, and what was fetched or removed. */
export class ModelFilesWatch {
  readonly #paths: readonly string[]
  readonly #changed: () => void
  readonly #stop: () => void
  #told: string

  constructor({ home, modelsDir }: { home: string; modelsDir: string }, changed: () => void) {
    this.#paths = [modelsFilePath(home), lockPath(modelsDir)]
    this.#changed = changed
    this.#told = this.#stamp()
    const watchers = this.#paths.map(path =>
      watchFolder(dirname(path), name => {
        if (name === null || name === basename(path)) this.#look()
      }),
    )
    const timer = setInterval(() => this.#look(), rescanMs).unref()
    this.#stop = () => {
      for (const watcher of watchers) watcher?.close()
      clearInterval(timer)
    }
  }

  close(): void {
    this.#stop()
  }

  #look(): void {
    const stamp = this.#stamp()
    if (stamp === this.#told) return
    this.#told = stamp
    this.#changed()
  }

  #stamp(): string {
    return this.#paths.map(stampOf).join(' ')
  }
}

function stampOf(path: string): string {
  try {
    const { ino, size, mtimeMs } = statSync(path)
    return `${ino}/${size}/${mtimeMs}`
  } catch (error) {
    // Whatever keeps us from seeing it: whoever asks for the models is told in words.
    const { code } = error as NodeJS.ErrnoException
    if (code === undefined) throw error
    return code
  }
}
