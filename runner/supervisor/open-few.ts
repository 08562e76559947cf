/** A few open files by a number; the one that was not used for the longest time is closed. */
export class OpenFew<T> {
  readonly #open = new Map<number, T>()
  readonly #most: number
  readonly #close: (value: T) => void

  constructor(most: number, close: (value: T) => void) {
    this.#most = most
    this.#close = close
  }

  get(key: number, open: () => T | undefined): T | undefined {
    const value = this.#open.get(key) ?? open()
    if (value === undefined) return undefined
    this.add(key, value)
    return value
  }

  add(key: number, value: T): void {
    const before = this.#open.get(key)
    if (before !== undefined && before !== value) this.#close(before)
    this.#open.delete(key)
    this.#open.set(key, value)
    const [oldest] = this.#open
    if (this.#open.size <= this.#most || oldest === undefined) return
    this.#open.delete(oldest[0])
    this.#close(oldest[1])
  }

  clear(): void {
    for (const value of this.#open.values()) this.#close(value)
    this.#open.clear()
  }
}
