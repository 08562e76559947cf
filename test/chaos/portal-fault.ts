import { beforeChanges, makesRoom } from './fs-changes.ts'

/** Makes the file system below one folder fail in this process: there is no room, or whatever `code` says. */
export class DiskFault {
  /** Refused since it was armed. */
  refused: string[] = []
  #from = Infinity
  #to = Infinity
  #changes = 0
  #below = ''

  /** Once in a process; whatever it loads, before or after, is under it. */
  constructor(code = 'ENOSPC') {
    beforeChanges((what, path) => {
      if (this.#below === '' || makesRoom(what) || !path.startsWith(this.#below)) return
      this.#changes++
      if (this.#changes < this.#from || this.#changes > this.#to) return
      this.refused.push(`${this.#changes} ${what} ${path.slice(this.#below.length)}`)
      throw Object.assign(new Error(`${code}: no space left on device, ${what} '${path}'`), { code, path })
    })
  }

  /** From the `from`th change below the folder on, `count` of them are refused; then the disk has healed. */
  arm(below: string, from: number, count: number): void {
    this.refused = []
    this.#below = below
    this.#changes = 0
    this.#from = from
    this.#to = from + count - 1
  }

  heal(): void {
    this.#below = ''
  }
}
