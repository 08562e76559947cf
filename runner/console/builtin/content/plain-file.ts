import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs'
import type { LogSource } from '../pane/history.ts'

/** Any growing file as a log without times, such as the transcript; it may appear later, be truncated or be replaced. */
export class PlainFile implements LogSource {
  readonly start = 0
  readonly #path: string
  #open: { readonly fd: number; readonly inode: number } | undefined
  #size = 0

  constructor(path: string) {
    this.#path = path
    this.refresh()
  }

  get end(): number {
    return this.#size
  }

  refresh(): void {
    const now = statSync(this.#path, { throwIfNoEntry: false })
    // Its writer may be between two renames: what is open is still what there is.
    if (now === undefined) return
    let open = this.#open
    if (open?.inode !== now.ino) {
      this.close()
      const fd = openSync(this.#path, 'r')
      open = { fd, inode: fstatSync(fd).ino }
    }
    this.#open = open
    this.#size = fstatSync(open.fd).size
  }

  read(offset: number, length: number): Uint8Array {
    const buffer = Buffer.alloc(Math.max(0, Math.min(length, this.#size - offset)))
    if (this.#open === undefined || buffer.length === 0) return buffer.subarray(0, 0)
    return buffer.subarray(0, readSync(this.#open.fd, buffer, 0, buffer.length, offset))
  }

  timeAt(): undefined {
    return undefined
  }

  offsetAt(): number {
    return this.#size
  }

  close(): void {
    if (this.#open !== undefined) closeSync(this.#open.fd)
    this.#open = undefined
    this.#size = 0
  }
}
