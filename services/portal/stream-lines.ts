import { type FSWatcher, watch } from 'node:fs'
import { type FileHandle, open, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { ifThere } from './moves.ts'

/** Reads a stream file as it grows, through the change of its folder at the job's end and of its file at a new attempt. */
export class StreamLines implements AsyncDisposable {
  readonly #wake: () => void
  readonly #onRestart: () => void
  #file: FileHandle | undefined
  #inode = 0
  #rest = Buffer.alloc(0)
  #watcher: FSWatcher | undefined
  #watched = ''

  /** `onRestart`: what is read from then on is another attempt's. */
  constructor(wake: () => void, onRestart: () => void = () => undefined) {
    this.#wake = wake
    this.#onRestart = onRestart
  }

  async read(folder: string): Promise<unknown[]> {
    const path = join(folder, 'stream.ndjson')
    const found = await ifThere(stat(path))
    const file = found === undefined || found.ino === this.#inode ? undefined : await ifThere(open(path))
    if (file !== undefined) {
      if (this.#file !== undefined) this.#onRestart()
      await this.#file?.close()
      this.#file = file
      this.#inode = (await file.stat()).ino
      this.#rest = Buffer.alloc(0)
      this.#follow(path)
    }
    const news: unknown[] = []
    for (;;) {
      const { bytesRead, buffer } = (await this.#file?.read(Buffer.alloc(65536))) ?? {
        bytesRead: 0,
        buffer: null,
      }
      if (bytesRead === 0 || buffer === null) return news
      this.#rest = Buffer.concat([this.#rest, buffer.subarray(0, bytesRead)])
      for (let end = this.#rest.indexOf(10); end >= 0; end = this.#rest.indexOf(10)) {
        news.push(JSON.parse(this.#rest.toString('utf8', 0, end)))
        this.#rest = this.#rest.subarray(end + 1)
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#watcher?.close()
    await this.#file?.close()
  }

  /** For speed; the job's rescan is there when it can't be had. */
  #follow(path: string): void {
    if (this.#watched === path) return
    this.#watcher?.close()
    this.#watched = path
    try {
      this.#watcher = watch(path, { persistent: false }, this.#wake)
      this.#watcher.on('error', this.#wake)
    } catch {
      // It ended between the look and the watch, or no handles are left.
      this.#watched = ''
    }
  }
}
